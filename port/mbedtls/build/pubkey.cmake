# SPDX-License-Identifier: Apache-2.0
# Our public-key arithmetic in place of mbedTLS's, see ../pubkey/README.md: by mbedTLS's ALT hooks,
# and where there is none by another name for a function that a source calls. For the targets of one
# folder; the tests have some, too.

function(calls source)
    set_property(SOURCE ${MBEDTLS_TREE}/library/${source} APPEND PROPERTY COMPILE_DEFINITIONS ${ARGN})
endfunction()

# tk_pubkey_sources(VARIABLE): in a list of sources of mbedTLS, for the profile MBEDTLS_CONFIG.
function(tk_pubkey_sources variable)
    set(sources ${${variable}})
    file(GLOB pubkey CONFIGURE_DEPENDS ${MBEDTLS_CONFIG_DIR}/pubkey/*.c)
    calls(x509_crt.c mbedtls_pk_verify_ext=tk_memo_verify)
    if(MBEDTLS_CONFIG STREQUAL tk_mbedtls_small.h)
        list(FILTER sources EXCLUDE REGEX
             "/(bignum|bignum_core|ecp|ecp_curves|ecdh|ecdsa|pk_wrap|rsa|rsa_alt_helpers)\\.c$")
        list(FILTER pubkey EXCLUDE REGEX "/tk_pk_host\\.c$")
    else()
        list(FILTER pubkey EXCLUDE REGEX "/tk_pk_small\\.c$")
        calls(pk_ecc.c mbedtls_ecp_check_pubkey=tk_ecp_check_pubkey)
        calls(pk_wrap.c mbedtls_ecdsa_read_signature=tk_ecdsa_read_signature)
        calls(psa_crypto_ecp.c mbedtls_ecp_check_pubkey=tk_ecp_check_pubkey
              mbedtls_ecp_mul=tk_ecp_mul)
        calls(rsa.c mbedtls_mpi_exp_mod_unsafe=tk_mpi_exp_mod)
    endif()
    set(${variable} ${sources} ${pubkey} PARENT_SCOPE)
endfunction()
