# SPDX-License-Identifier: Apache-2.0
# A server's certificates that mbedTLS rejects are parsed by ../tk_x509.c. For the targets of one
# folder, after pubkey.cmake.

calls(ssl_tls.c mbedtls_x509_crt_parse_der=tk_x509_parse_peer
      mbedtls_x509_crt_parse_der_nocopy=tk_x509_parse_peer_nocopy)
calls(ssl_tls13_generic.c mbedtls_x509_crt_parse_der=tk_x509_parse_peer)
