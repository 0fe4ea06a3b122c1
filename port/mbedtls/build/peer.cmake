# SPDX-License-Identifier: Apache-2.0
# A server's certificates that mbedTLS rejects are parsed by ../tk_x509.c. For the targets of one
# folder, after pubkey.cmake.

calls(ssl_tls.c mbedtls_x509_crt_parse_der=tk_x509_parse_peer
      mbedtls_x509_crt_parse_der_nocopy=tk_x509_parse_peer_nocopy)
calls(ssl_tls13_generic.c mbedtls_x509_crt_parse_der=tk_x509_parse_peer)

# tk_small_sources(VARIABLE): the functions of ../small in place of mbedTLS's, for tk_mbedtls_small.h.
function(tk_small_sources variable)
    file(GLOB small CONFIGURE_DEPENDS ${MBEDTLS_CONFIG_DIR}/small/*.c)
    foreach(source ssl_client.c ssl_tls.c ssl_tls12_client.c)
        calls(${source} mbedtls_ssl_ciphersuite_from_id=tk_small_suite)
    endforeach()
    foreach(source block_cipher.c cipher_wrap.c)
        calls(${source} mbedtls_aes_setkey_enc=tk_small_aes_setkey
              mbedtls_aes_crypt_ecb=tk_small_aes_crypt)
    endforeach()
    calls(x509_crt.c mbedtls_oid_get_x509_ext_type=tk_small_get_ext_type
          mbedtls_x509_get_time=tk_small_get_time
          mbedtls_x509_get_subject_alt_name=tk_small_get_alt_name_list
          mbedtls_x509_get_subject_alt_name_ext=tk_small_get_alt_names)
    calls(ssl_tls.c mbedtls_x509_crt_verify_with_ca_cb=tk_small_verify
          mbedtls_x509_crt_verify_restartable=tk_small_verify_listed)
    set(${variable} ${${variable}} ${small} PARENT_SCOPE)
endfunction()
