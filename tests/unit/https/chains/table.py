# SPDX-License-Identifier: Apache-2.0
"""The chains: what a server sends, and the error that a client of ours ends with."""

from __future__ import annotations

from dataclasses import dataclass

from authority import Cert, leaf, middle, root


@dataclass(frozen=True)
class Server:
    """What a server takes, in the words of OpenSSL."""

    ciphers12: str = "ALL"
    ciphers13: str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
    groups: str = "X25519:P-256:P-384:P-521"


@dataclass(frozen=True)
class Chain:
    """What a server sends, leaf first, and the error of our client. tls12: where it differs with TLS
    1.2; small: where it differs in the profile of 64 KB boards. stricter, small_stricter: why it is
    refused although curl accepts it. wider: why it is accepted although curl refuses it."""

    name: str
    sent: tuple[Cert, ...]
    error: str = "ok"
    host: str = "acme.example"
    tls12: str = ""
    small: str = ""
    stricter: str = ""
    small_stricter: str = ""
    wider: str = ""
    server: Server = Server()


CHAINS: list[Chain] = []
TRUSTED: list[Cert] = []


def chain(name: str, *sent: Cert, **other) -> None:
    """Adds a row."""
    CHAINS.append(Chain(name.replace(" ", "-"), sent, **other))


def trusted(cert: Cert) -> Cert:
    """Adds a root to those that the clients trust."""
    TRUSTED.append(cert)
    return cert


R = trusted(root("R"))
M = middle("M", R)
GOOD = leaf(M)
UNKNOWN = root("unknown")

OLD = "this build cannot check such a key or signature, see port/mbedtls"
SHA1 = "SHA-1 is not in this build"
OTHER_KIND = "only DNS names, addresses and permitted directory names are checked"

# --- keys and lengths that work ---

chain("plain", GOOD, M)
RSA = trusted(root("RSA", key="rsa"))
RSA_M = middle("RSA M", RSA, key="rsa")
chain("rsa", leaf(RSA_M, key="rsa"), RSA_M)
P384 = trusted(root("P384", key="p384", digest="sha384"))
P384_M = middle("P384 M", P384, key="p384", digest="sha384")
chain("p384", leaf(P384_M, key="p384", digest="sha384"), P384_M)
RSA4096 = trusted(root("RSA4096", key="rsa4096", digest="sha512"))
RSA4096_M = middle("RSA4096 M", RSA4096, key="rsa4096", digest="sha512")
chain("rsa 4096", leaf(RSA4096_M, key="rsa"), RSA4096_M)
chain("ecdsa sha512", leaf(M, digest="sha512"), M)
chain("directly under the root", leaf(R))
chain("no extended key usage", leaf(M, "extendedKeyUsage="), M)
chain("no intermediate", GOOD, error="tls_untrusted")
chain("unknown root", leaf(UNKNOWN), UNKNOWN, error="tls_untrusted")
chain("unknown root not sent", leaf(UNKNOWN), error="tls_untrusted")
chain("self-signed", leaf(None, "authorityKeyIdentifier="), error="tls_self_signed")
chain("self-signed and trusted", trusted(leaf(None, "authorityKeyIdentifier=", subject="/CN=self")),
      error="tls_self_signed", stricter="only an authority can be trusted")
SELF_CA = trusted(root("self authority", "keyUsage=", "subjectAltName=DNS:acme.example"))
chain("self-signed authority and trusted", SELF_CA)
chain("leaf trusted alone", trusted(leaf(UNKNOWN, subject="/CN=pinned")), error="tls_untrusted",
      stricter="a root signs itself")
PINNED_M = trusted(middle("pinned M", UNKNOWN))
chain("intermediate trusted alone", leaf(PINNED_M), PINNED_M)
TWO_1, TWO_2 = (trusted(root("two keys", twin=f"two keys {number}")) for number in (1, 2))
chain("roots with the same name, first key", leaf(TWO_1))
chain("roots with the same name, second key", leaf(TWO_2))
RENEWED_ROOT = [trusted(root("renewed root", twin="renewed root", begin=-900, end=end)) for end in (-2, 400)]
chain("renewed root", leaf(RENEWED_ROOT[0]))
chain("many names", leaf(M, names="DNS:acme.example," + ",".join(f"DNS:n{i}.example" for i in range(200))),
      M)
chain("until 2107", leaf(M, end=30000), M)
chain("until 9990", leaf(M, end=2909000), M)

# --- order, and certificates that are not needed ---

M1 = middle("M1", R)
M2 = middle("M2", M1)
M3 = middle("M3", M2)
DEEP = leaf(M3)
chain("three in order", DEEP, M3, M2, M1)
chain("two reversed", leaf(M2), M1, M2)
chain("three reversed", DEEP, M1, M2, M3)
chain("three shuffled", DEEP, M2, M3, M1)
chain("root sent", GOOD, M, R)
chain("root before the intermediate", GOOD, R, M)
chain("leaf twice", GOOD, GOOD, M)
chain("intermediate twice", GOOD, M, M)
chain("everything twice and reversed", DEEP, R, M1, M2, M3, M1, M2, M3, GOOD)
chain("another leaf before", GOOD, leaf(M2), M)
chain("unneeded intermediate before", GOOD, M1, M)
chain("unneeded expired", GOOD, middle("expired", R, begin=-9, end=-1), M)
chain("unneeded ed25519", GOOD, root("unneeded ed25519", key="ed25519"), M)
chain("unneeded p521", GOOD, root("unneeded p521", key="p521"), M)
chain("unneeded dsa", GOOD, root("unneeded dsa", key="dsa"), M)
chain("unneeded rsa8192", GOOD, root("unneeded rsa8192", key="rsa8192"), M)
chain("unneeded critical", GOOD, root("unneeded critical", "1.2.3.4=critical,ASN1:NULL"), M)
chain("unneeded md5", GOOD, root("unneeded md5", key="rsa", digest="md5"), M)

OLD_ROOT = trusted(root("old root"))
NEW_ROOT = root("new root", twin="new root")
NEW_BY_OLD = middle("new root", OLD_ROOT, twin="new root")
NEW_M = middle("new M", NEW_ROOT)
chain("cross-signed", leaf(NEW_M), NEW_M, NEW_BY_OLD)
chain("cross-signed before", leaf(NEW_M), NEW_BY_OLD, NEW_M)
chain("cross-signed with the new root", leaf(NEW_M), NEW_M, NEW_ROOT, NEW_BY_OLD,
      wider="the path is valid: OpenSSL does not look beyond the new root, which signs itself")
chain("cross-signed with the new root after", leaf(NEW_M), NEW_M, NEW_BY_OLD, NEW_ROOT)
OVER = trusted(root("over", begin=-900, end=-2))
BOTH = trusted(root("both", twin="both"))
BOTH_BY_OVER = middle("both", OVER, twin="both")
BOTH_M = middle("both M", BOTH)
chain("cross-signed by an expired root", leaf(BOTH_M), BOTH_M, BOTH_BY_OVER)
RENEWED_OLD = middle("renewed", R, twin="renewed", begin=-900, end=-2)
RENEWED = middle("renewed", R, twin="renewed")
chain("renewed intermediate after the expired", leaf(RENEWED), RENEWED_OLD, RENEWED)
chain("renewed intermediate before the expired", leaf(RENEWED), RENEWED, RENEWED_OLD)
SAME_1 = middle("same", R, twin="same 1")
SAME_2 = middle("same", R, twin="same 2")
chain("same name, other key first", leaf(SAME_2), SAME_1, SAME_2)
chain("same name, right key first", leaf(SAME_2), SAME_2, SAME_1)
NONE = ("subjectKeyIdentifier=none", "authorityKeyIdentifier=none")
BARE_1 = middle("bare", R, *NONE, twin="bare 1")
BARE_2 = middle("bare", R, *NONE, twin="bare 2")
chain("same name without identifiers", leaf(BARE_2, *NONE), BARE_1, BARE_2,
      error="tls_untrusted")
FORK_BAD = middle("fork", UNKNOWN, twin="fork")
FORK = middle("fork", R, twin="fork")
chain("fork, dead end first", leaf(FORK), FORK_BAD, FORK, error="tls_untrusted")
chain("fork, dead end last", leaf(FORK), FORK, FORK_BAD)

LONG = [R]
for number in range(9):
    LONG.append(middle(f"long {number}", LONG[-1]))
chain("eight intermediates", leaf(LONG[8]), *LONG[8:0:-1])
chain("nine intermediates", leaf(LONG[9]), *LONG[9:0:-1], error="tls_bad_certificate",
      stricter="mbedTLS verifies at most 8")

# --- name constraints (RFC 5280 4.2.1.10) ---


def constrained(name: str, value: str, *, critical: bool = False, issuer: Cert = R) -> Cert:
    """An intermediate with these name constraints."""
    return middle(name, issuer, f"nameConstraints={'critical,' if critical else ''}{value}")


def constraint(name: str, value: str, error: str = "ok", *, names: str = "DNS:acme.example",
               host: str = "acme.example", stricter: str = "", subject: str = "/CN=leaf") -> None:
    """Two rows: with the extension critical, and not."""
    for critical in (False, True):
        which = f"{name}{' critical' if critical else ''}"
        issuer = constrained(f"constrained: {which}", value, critical=critical)
        chain(f"constraint {which}", leaf(issuer, names=names, subject=subject), issuer,
              error=error, host=host, stricter=stricter)


BROKEN = "tls_constraint"
constraint("permitted", "permitted;DNS:acme.example")
constraint("permitted above", "permitted;DNS:example")
constraint("permitted in capitals", "permitted;DNS:ACME.Example")
constraint("permitted with a dot", "permitted;DNS:.acme.example", names="DNS:www.acme.example",
           host="www.acme.example")
constraint("permitted other", "permitted;DNS:other.example", BROKEN)
constraint("permitted with a dot, not itself", "permitted;DNS:.acme.example", BROKEN)
constraint("excluded below a wildcard", "excluded;DNS:www.acme.example", names="DNS:*.acme.example",
           host="abc.acme.example")
constraint("empty", "DER:3000")
constraint("malformed", "DER:3002a009", BROKEN)
constraint("mail in the subject", "permitted;email:other.example", BROKEN,
           subject="/CN=leaf/emailAddress=me@acme.example")
constraint("permitted end of a label", "permitted;DNS:me.example", BROKEN)
constraint("permitted one of two", "permitted;DNS:other.example,permitted;DNS:acme.example")
constraint("permitted, another name not", "permitted;DNS:acme.example", BROKEN,
           names="DNS:acme.example,DNS:other.example")
constraint("permitted wildcard", "permitted;DNS:acme.example", names="DNS:*.acme.example",
           host="www.acme.example")
constraint("excluded", "excluded;DNS:acme.example", BROKEN)
constraint("excluded above", "excluded;DNS:example", BROKEN)
constraint("excluded other", "excluded;DNS:other.example,excluded;DNS:mil")
constraint("excluded within permitted", "permitted;DNS:example,excluded;DNS:acme.example", BROKEN)
constraint("excluded all addresses",
           "permitted;DNS:acme.example,excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::")
constraint("address permitted", "permitted;IP:127.0.0.0/255.0.0.0", names="IP:127.0.0.1",
           host="127.0.0.1")
constraint("address not permitted", "permitted;IP:10.0.0.0/255.0.0.0", BROKEN,
           names="IP:127.0.0.1", host="127.0.0.1")
constraint("address excluded", "excluded;IP:127.0.0.0/255.0.0.0", BROKEN,
           names="IP:127.0.0.1", host="127.0.0.1")
constraint("address permitted, name free", "permitted;IP:10.0.0.0/255.0.0.0")
constraint("common name", "permitted;DNS:other.example", BROKEN, names="",
           subject="/CN=acme.example")
constraint("common name permitted", "permitted;DNS:acme.example", names="",
           subject="/CN=acme.example")
constraint("common name is no host", "permitted;DNS:acme.example", subject="/CN=My server")
constraint("mail", "permitted;email:acme.example")
constraint("address of a page", "permitted;URI:.acme.example")
constraint("mail of the leaf", "permitted;email:other.example", BROKEN,
           names="DNS:acme.example,email:me@acme.example")
constraint("mail of the leaf permitted", "permitted;email:acme.example", BROKEN,
           names="DNS:acme.example,email:me@acme.example", stricter=OTHER_KIND)
DIRECTORY = "permitted;dirName:area|[area]|O=Acme|C=DE"
constraint("directory", DIRECTORY, subject="/O=Acme/C=DE/CN=leaf")
constraint("directory other", DIRECTORY, BROKEN, subject="/O=Other/C=DE/CN=leaf")
constraint("directory in capitals", DIRECTORY, BROKEN, subject="/O=ACME/C=DE/CN=leaf",
           stricter="directory names are compared byte by byte")
constraint("directory excluded", DIRECTORY.replace("permitted", "excluded"), BROKEN,
           subject="/O=Acme/C=DE/CN=leaf")
constraint("directory excluded other", DIRECTORY.replace("permitted", "excluded"), BROKEN,
           subject="/O=Other/C=DE/CN=leaf", stricter=OTHER_KIND)

OUTER = constrained("outer", "permitted;DNS:example")
INNER = constrained("inner", "permitted;DNS:other.example", issuer=OUTER)
chain("constraints of two, the inner broken", leaf(INNER), INNER, OUTER, error=BROKEN)
chain("constraints of two", leaf(INNER, names="DNS:www.other.example"), INNER, OUTER,
      host="www.other.example")
WIDE = constrained("wide", "permitted;DNS:acme.example", issuer=constrained(
    "narrow", "permitted;DNS:other.example"))
chain("constraint inherited", leaf(WIDE), WIDE, WIDE.issuer, error=BROKEN)
NARROW_ROOT = trusted(root("narrow root", "nameConstraints=permitted;DNS:other.example"))
chain("constraint of the root", leaf(NARROW_ROOT), error=BROKEN)
CRITICAL_ROOT = trusted(root("critical root", "nameConstraints=critical,permitted;DNS:acme.example"))
chain("constraint of the root kept", leaf(CRITICAL_ROOT))
NESTED = [R]
for number in range(5):
    NESTED.append(constrained(f"nested {number}", "permitted;DNS:example", issuer=NESTED[-1]))
chain("constraints of five", leaf(NESTED[5]), *NESTED[5:0:-1])
chain("constraints of five, the first broken", leaf(NESTED[5], names="DNS:acme.test"), *NESTED[5:0:-1],
      host="acme.test", error=BROKEN)

# --- critical extensions ---

CRITICAL = "1.2.3.4=critical,ASN1:NULL"
EXTENSION = "tls_extension"
chain("unknown extension", leaf(M, "1.2.3.4=ASN1:NULL"), M)
chain("must staple", leaf(M, "tlsfeature=status_request"), M)
chain("must staple critical", leaf(M, "tlsfeature=critical,status_request"), M, error=EXTENSION)
chain("precertificate", leaf(M, "1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL"), M, error=EXTENSION)
chain("unknown critical extension", leaf(M, CRITICAL), M, error=EXTENSION)
UNKNOWN_M = middle("critical M", R, CRITICAL)
chain("unknown critical extension above", leaf(UNKNOWN_M), UNKNOWN_M, error=EXTENSION)
UNKNOWN_ROOT = trusted(root("critical unknown", CRITICAL))
chain("unknown critical extension of the root", leaf(UNKNOWN_ROOT), error="tls_untrusted")
for name, extension in {"policies": "certificatePolicies=critical,1.2.3.4",
                        "policy constraints": "policyConstraints=critical,requireExplicitPolicy:3",
                        "any policy": "inhibitAnyPolicy=critical,2",
                        "revocation list": "crlDistributionPoints=critical,URI:http://a.example/b"
                        }.items():
    issuer = middle(f"critical {name}", R, extension)
    chain(f"critical {name}", leaf(issuer), issuer)

# --- what a certificate is for ---

PURPOSE = "tls_purpose"
chain("for clients", leaf(M, "extendedKeyUsage=clientAuth"), M, error=PURPOSE)
chain("for servers and clients", leaf(M, "extendedKeyUsage=clientAuth,serverAuth"), M)
chain("for anything", leaf(M, "extendedKeyUsage=anyExtendedKeyUsage"), M, error=PURPOSE)
chain("for gated cryptography", leaf(M, "extendedKeyUsage=msSGC"), M, error=PURPOSE,
      stricter="obsolete since 2000")
chain("for clients of Netscape", leaf(M, "extendedKeyUsage=", "nsCertType=client"), M, error=PURPOSE)
chain("for servers of Netscape", leaf(M, "extendedKeyUsage=", "nsCertType=server"), M)
CLIENT_M = middle("client M", R, "extendedKeyUsage=clientAuth")
chain("intermediate for clients", leaf(CLIENT_M), CLIENT_M, error=PURPOSE)
ANY_M = middle("any M", R, "extendedKeyUsage=anyExtendedKeyUsage")
chain("intermediate for anything", leaf(ANY_M), ANY_M, error=PURPOSE)
SERVER_M = middle("server M", R, "extendedKeyUsage=serverAuth,clientAuth")
chain("intermediate for servers", leaf(SERVER_M), SERVER_M)
CLIENT_ROOT = trusted(root("client root", "extendedKeyUsage=clientAuth"))
chain("root for clients", leaf(CLIENT_ROOT), error=PURPOSE)
chain("key for signatures", leaf(M, "keyUsage=critical,digitalSignature"), M)
chain("key for encipherment", leaf(RSA_M, "keyUsage=critical,keyEncipherment", key="rsa"), RSA_M,
      error=PURPOSE, stricter="the key signs in ECDHE")
chain("key for certificates", leaf(M, "keyUsage=critical,keyCertSign"), M, error=PURPOSE,
      tls12="tls_no_common")  # the server finds no use for the key
NO_SIGN = middle("no sign", R, "keyUsage=critical,digitalSignature")
chain("intermediate without keyCertSign", leaf(NO_SIGN), NO_SIGN, error=PURPOSE)
NO_USAGE = middle("no usage", R, "keyUsage=")
chain("intermediate without key usage", leaf(NO_USAGE), NO_USAGE)
NO_BASIC = middle("no basic", R, "basicConstraints=")
chain("intermediate without basicConstraints", leaf(NO_BASIC), NO_BASIC, error=PURPOSE)
NO_CA = middle("no ca", R, "basicConstraints=critical,CA:FALSE")
chain("intermediate is no authority", leaf(NO_CA), NO_CA, error=PURPOSE)
chain("a leaf as an authority", leaf(GOOD), GOOD, M, error=PURPOSE)
V1_M = middle("v1 M", R, v1=True)
chain("intermediate of version 1", leaf(V1_M, "authorityKeyIdentifier="), V1_M, error=PURPOSE)
V1_ROOT = trusted(root("v1 root", v1=True))
chain("root of version 1", leaf(V1_ROOT, "authorityKeyIdentifier="))
chain("leaf of version 1", leaf(M, v1=True, subject="/CN=acme.example"), M)
chain("leaf is an authority", leaf(M, "basicConstraints=critical,CA:TRUE"), M)
SHORT_M = middle("short M", R, "basicConstraints=critical,CA:TRUE,pathlen:0")
chain("path length kept", leaf(SHORT_M), SHORT_M)
UNDER_SHORT = middle("under short", SHORT_M)
chain("path length exceeded", leaf(UNDER_SHORT), UNDER_SHORT, SHORT_M, error=PURPOSE)
SHORT_ROOT = trusted(root("short root", "basicConstraints=critical,CA:TRUE,pathlen:0"))
UNDER_SHORT_ROOT = middle("under short root", SHORT_ROOT)
chain("path length of the root exceeded", leaf(UNDER_SHORT_ROOT), UNDER_SHORT_ROOT,
      error="tls_untrusted")

# --- algorithms ---

WEAK, ALGORITHM, CURVE = "tls_weak", "tls_algorithm", "tls_curve"
NO_COMMON = "tls_no_common"
chain("sha1 leaf", leaf(M, digest="sha1"), M, error=WEAK, small=ALGORITHM)
SHA1_M = middle("sha1 M", R, digest="sha1")
chain("sha1 intermediate", leaf(SHA1_M), SHA1_M, error=WEAK, small=ALGORITHM)
SHA1_ROOT = trusted(root("sha1 root", digest="sha1"))
chain("sha1 root", leaf(SHA1_ROOT), small="tls_untrusted", small_stricter=SHA1)
MD5_ROOT = trusted(root("md5 root", digest="md5", key="rsa"))
chain("md5 root", leaf(MD5_ROOT, key="rsa"), error="tls_untrusted", stricter=OLD)
chain("md5 leaf", leaf(RSA_M, key="rsa", digest="md5"), RSA_M, error=ALGORITHM)
MD5_M = middle("md5 M", RSA, key="rsa", digest="md5")
chain("md5 intermediate", leaf(MD5_M, key="rsa"), MD5_M, error=ALGORITHM)
chain("sha224 leaf", leaf(M, digest="sha224"), M, error=ALGORITHM, stricter=OLD)
chain("rsa 1024 leaf", leaf(M, key="rsa1024"), M, error=WEAK)
RSA1024_M = middle("rsa1024 M", R, key="rsa1024")
chain("rsa 1024 intermediate", leaf(RSA1024_M), RSA1024_M, error=WEAK)
RSA1024_ROOT = trusted(root("rsa1024 root", key="rsa1024"))
chain("rsa 1024 root", leaf(RSA1024_ROOT), error=WEAK)
chain("rsa 8192 leaf", leaf(M, key="rsa8192"), M, error=ALGORITHM, stricter=OLD)
RSA8192_M = middle("rsa8192 M", R, key="rsa8192")
chain("rsa 8192 intermediate", leaf(RSA8192_M), RSA8192_M, error=ALGORITHM, stricter=OLD)
RSA8192_ROOT = trusted(root("rsa8192 root", key="rsa8192"))
chain("rsa 8192 root", leaf(RSA8192_ROOT), error="tls_untrusted", stricter=OLD)
chain("p521 leaf", leaf(M, key="p521"), M, error=NO_COMMON, stricter=OLD)
P521_M = middle("p521 M", R, key="p521")
chain("p521 intermediate", leaf(P521_M), P521_M, error=CURVE, stricter=OLD)
P521_ROOT = trusted(root("p521 root", key="p521"))
chain("p521 root", leaf(P521_ROOT), error="tls_untrusted", stricter=OLD)
P521_UNDER = middle("p521 under", P521_ROOT)
chain("p521 root and intermediate", leaf(P521_UNDER), P521_UNDER, error="tls_untrusted",
      stricter=OLD)
chain("p521 root sent", leaf(P521_UNDER), P521_UNDER, P521_ROOT, error=CURVE, stricter=OLD)
K1_M = middle("k1 M", R, key="k1")
chain("secp256k1 intermediate", leaf(K1_M), K1_M, error=CURVE, stricter=OLD)
chain("ed25519 leaf", leaf(M, key="ed25519"), M, error=NO_COMMON, stricter=OLD)
ED25519_M = middle("ed25519 M", R, key="ed25519")
chain("ed25519 intermediate", leaf(ED25519_M), ED25519_M, error=ALGORITHM, stricter=OLD)
ED25519_ROOT = trusted(root("ed25519 root", key="ed25519"))
chain("ed25519 root", leaf(ED25519_ROOT), error=ALGORITHM, stricter=OLD)
ED25519_UNDER = middle("ed25519 under", ED25519_ROOT)
chain("ed25519 root and intermediate", leaf(ED25519_UNDER), ED25519_UNDER, error=ALGORITHM,
      stricter=OLD)
DSA_ROOT = trusted(root("dsa root", key="dsa"))
chain("dsa root", leaf(DSA_ROOT), error=ALGORITHM)
chain("pss key leaf", leaf(M, key="pss"), M, error=NO_COMMON, stricter=OLD)
chain("signed with pss", leaf(RSA_M, key="rsa", pss=True), RSA_M, small=ALGORITHM,
      small_stricter=OLD)
chain("wrong signature", leaf(M, tampered=True), M, error="tls_untrusted")
TAMPERED_M = middle("tampered M", R, tampered=True)
chain("wrong signature of the intermediate", leaf(TAMPERED_M), TAMPERED_M, error="tls_untrusted")
chain("rsa exponent 3", leaf(M, key="rsa3"), M)
chain("sha3 leaf", leaf(M, digest="sha3-256"), M, error=ALGORITHM)
chain("explicit curve", leaf(M, key="explicit"), M, error=ALGORITHM)
chain("compressed point", leaf(M, key="compressed"), M, tls12=NO_COMMON, stricter="RFC 8422 5.1.2")
COMPRESSED_M = middle("compressed M", R, key="compressed")
chain("compressed point of the intermediate", leaf(COMPRESSED_M), COMPRESSED_M, small=ALGORITHM,
      small_stricter=OLD)
chain("other key identifier", leaf(M, f"authorityKeyIdentifier=DER:30168014{'00' * 20}"), M,
      wider="key identifiers only help to find an issuer (RFC 5280 4.2.1.1)")

# --- dates ---

EXPIRED, NOT_YET = {"begin": -30, "end": -1}, {"begin": 1, "end": 30}
EXPIRED_M, NOT_YET_M = middle("expired M", R, **EXPIRED), middle("not yet M", R, **NOT_YET)
EXPIRED_ROOT = trusted(root("expired root", **EXPIRED))
NOT_YET_ROOT = trusted(root("not yet root", **NOT_YET))
chain("expired", leaf(M, **EXPIRED), M, error="tls_expired")
chain("expired intermediate", leaf(EXPIRED_M), EXPIRED_M, error="tls_expired")
chain("expired root", leaf(EXPIRED_ROOT), error="tls_expired")
chain("not yet valid", leaf(M, **NOT_YET), M, error="tls_not_yet_valid")
chain("intermediate not yet valid", leaf(NOT_YET_M), NOT_YET_M, error="tls_not_yet_valid")
chain("root not yet valid", leaf(NOT_YET_ROOT), error="tls_not_yet_valid")

# --- names (RFC 6125, RFC 9525) ---

NAME = "tls_wrong_name"


def name(what: str, names: str, error: str = "ok", *, host: str = "acme.example",
         subject: str = "/CN=leaf", stricter: str = "") -> None:
    """A row with this subjectAltName."""
    chain(f"name {what}", leaf(M, names=names, subject=subject), M, error=error, host=host,
          stricter=stricter)


name("other", "DNS:other.example", NAME)
name("second of three", "DNS:a.example,DNS:acme.example,IP:10.0.0.1")
name("in capitals", "DNS:ACME.Example")
name("below", "DNS:acme.example", NAME, host="www.acme.example")
name("above", "DNS:www.acme.example", NAME)
name("trailing dot", "DNS:acme.example.", NAME, stricter="no authority issues it")
name("wildcard", "DNS:*.acme.example", host="www.acme.example")
name("wildcard of two labels", "DNS:*.acme.example", NAME, host="a.b.acme.example")
name("wildcard of no label", "DNS:*.acme.example", NAME)
name("wildcard of a top domain", "DNS:*.example", NAME)
name("wildcard alone", "DNS:*", NAME)
name("wildcard twice", "DNS:*.*.example", NAME, host="a.b.example")
name("wildcard after a letter", "DNS:a*.acme.example", NAME, host="ab.acme.example")
name("wildcard before a letter", "DNS:*b.acme.example", NAME, host="ab.acme.example")
name("wildcard in the middle", "DNS:www.*.example", NAME, host="www.acme.example")
name("wildcard at the end", "DNS:acme.*", NAME)
name("wildcard for an address", "DNS:*.0.0.1", NAME, host="127.0.0.1")
name("address", "IP:127.0.0.1", host="127.0.0.1")
name("address other", "IP:127.0.0.2", NAME, host="127.0.0.1")
name("address as a name", "DNS:127.0.0.1", NAME, host="127.0.0.1")
name("address in the common name", "", host="127.0.0.1", subject="/CN=127.0.0.1")
name("address of six", "IP:::1", NAME, host="127.0.0.1")
name("address of a page", "URI:acme.example", NAME, subject="/CN=other")
name("common name alone", "", subject="/CN=acme.example")
name("common name alone with a wildcard", "", host="www.acme.example", subject="/CN=*.acme.example")
name("common name alone of a top domain", "", NAME, subject="/CN=*.example")
name("common name other", "", NAME, subject="/CN=other.example")
name("common name beside another name", "DNS:other.example", NAME, subject="/CN=acme.example")
name("common name beside mail", "email:me@acme.example", NAME, subject="/CN=acme.example",
     stricter="RFC 6125 6.4.4")
name("no subject", "critical,DNS:acme.example", subject="")
name("with a zero", f"DER:3012821{'0'}{b'acme.example'.hex()}00{b'.ev'.hex()}", NAME)
name("empty list", "DER:3000", NAME, subject="/CN=acme.example", stricter="RFC 6125 6.4.4")

# --- what server and client have in common ---

SMALL = "a board has AES-128-GCM, P-256 and P-384"


def server(what: str, cert: Cert, issuer: Cert, error: str = "ok", stricter: str = "", **other) -> None:
    """A row of a server that takes only this. Without an error: the profile small has it, too."""
    known = {"error": error, "stricter": stricter} if error != "ok" else \
        {"small": NO_COMMON, "small_stricter": SMALL} if stricter == SMALL else {}
    chain(f"server with {what}", cert, issuer, server=Server(**other), **known)


RSA_LEAF = leaf(RSA_M, key="rsa")
server("aes 128 alone", GOOD, M, ciphers12="ECDHE+AESGCM+AES128", ciphers13="TLS_AES_128_GCM_SHA256")
server("aes 256 alone", GOOD, M, stricter=SMALL, ciphers12="ECDHE+AESGCM+AES256",
       ciphers13="TLS_AES_256_GCM_SHA384")
server("chacha20 alone", GOOD, M, stricter=SMALL, ciphers12="ECDHE+CHACHA20",
       ciphers13="TLS_CHACHA20_POLY1305_SHA256")
server("x25519 alone", RSA_LEAF, RSA_M, stricter=SMALL, groups="X25519")
server("p256 alone", RSA_LEAF, RSA_M, groups="P-256")
server("p384 alone", RSA_LEAF, RSA_M, groups="P-384")
for what, cipher in {"key exchange of RSA": "AES128-GCM-SHA256", "CBC": "ECDHE-RSA-AES128-SHA256",
                     "finite fields": "DHE-RSA-AES128-GCM-SHA256"}.items():
    chain(f"server with {what} alone", RSA_LEAF, RSA_M, server=Server(ciphers12=cipher),
          tls12=NO_COMMON, stricter="ECDHE with AEAD alone, as RFC 9325 recommends")
server("p521 alone", RSA_LEAF, RSA_M, NO_COMMON, "see port/mbedtls", groups="P-521")
