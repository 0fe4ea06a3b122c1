/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 8192 };

size_t vector_curve_octets(const struct vector *v)
{
    return strcmp(v->curve, "secp256r1") == 0 ? 32 : strcmp(v->curve, "secp384r1") == 0 ? 48 : 0;
}

void vector_scalar(const struct vector *v, uint8_t *scalar)
{
    const struct vector_octets *private = &v->fields[1];
    size_t octets = vector_curve_octets(v);

    memset(scalar, 0, octets);
    for (size_t i = 0; i < private->len && i < octets; i++)
        scalar[octets - 1 - i] = private->at[private->len - 1 - i];
}

/* --- reading --- */

static void stop(const struct vector *v, const char *what)
{
    fprintf(stderr, "%s: behind vector %u: %s\n", v->file, v->number, what);
    exit(2);
}

static int value_of(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(alphabet, c);

    return at == NULL || c == 0 ? -1 : (int)(at - alphabet);
}

static bool decode(struct vector_octets *out, const char *text)
{
    uint32_t bits = 0;
    unsigned count = 0;

    out->len = 0;
    if (strcmp(text, "-") == 0)
        return true;
    for (; *text != 0 && *text != '='; text++) {
        int value = value_of(*text);

        if (value < 0 || out->len == VECTOR_OCTETS_MAX)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out->at[out->len++] = (uint8_t)(bits >> count);
        }
    }
    return text[strspn(text, "=")] == 0;
}

static void copy(const struct vector *v, char *to, size_t size, const char *word)
{
    if (word == NULL || snprintf(to, size, "%s", word) >= (int)size)
        stop(v, "a word is missing or too long");
}

static void read_octets(const struct vector *v, struct vector_octets *out, const char *word)
{
    if (word == NULL || !decode(out, word))
        stop(v, "octets are missing or no base64");
}

static void read_group(struct vector *v)
{
    copy(v, v->curve, sizeof v->curve, strtok(NULL, " \n"));
    copy(v, v->digest, sizeof v->digest, strtok(NULL, " \n"));
    read_octets(v, &v->key, strtok(NULL, " \n"));
}

static void hash_message(struct vector *v)
{
    unsigned len = 0;

    if (EVP_Digest(v->fields[0].at, v->fields[0].len, v->hash, &len,
                   EVP_get_digestbyname(v->digest), NULL) != 1)
        stop(v, "a digest that OpenSSL does not know");
    v->hash_len = len;
}

static void read_vector(struct vector *v, const char *number)
{
    bool is_ecdh = strcmp(v->kind, "ecdh") == 0;

    copy(v, v->result, sizeof v->result, strtok(NULL, " \n"));
    copy(v, v->flags, sizeof v->flags, strtok(NULL, " \n"));
    v->number = (unsigned)strtoul(number, NULL, 10);
    for (int i = 0; i < (is_ecdh ? 3 : 2); i++)
        read_octets(v, &v->fields[i], strtok(NULL, " \n"));
    if (strtok(NULL, " \n") != NULL)
        stop(v, "too many words");
    if (!is_ecdh)
        hash_message(v);
}

/* --- judging --- */

static bool has_flag(const struct vector *v, const char *flag)
{
    const char *at = strstr(v->flags, flag);
    size_t len = strlen(flag);

    return at != NULL && (at == v->flags || at[-1] == ',') && (at[len] == 0 || at[len] == ',');
}

static bool is_to_be_accepted(const struct vector *v, const struct vector_rule *rules)
{
    if (strcmp(v->result, "acceptable") != 0)
        return strcmp(v->result, "valid") == 0;
    for (; rules->flag != NULL; rules++) {
        if (has_flag(v, rules->flag))
            return rules->accepted;
    }
    stop(v, "the next one is acceptable, and no rule has one of its flags");
    return false;
}

struct tally {
    unsigned all, accepted, wrong;
};

static void judge(const struct vector *v, vector_verdict *accepts, const struct vector_rule *rules,
                  struct tally *tally)
{
    bool accepted = accepts(v);

    tally->all++;
    tally->accepted += accepted;
    if (accepted == is_to_be_accepted(v, rules))
        return;
    tally->wrong++;
    printf("%s: %s vector %u (%s) is %s\n", v->file, v->result, v->number, v->flags,
           accepted ? "accepted" : "refused");
}

/* --- files --- */

static void read_line(struct vector *v, char *line, unsigned *promised, vector_verdict *accepts,
                      const struct vector_rule *rules, struct tally *tally)
{
    char *word = strtok(line, " \n");

    if (word == NULL || strcmp(word, "#") == 0)
        return;
    if (strcmp(word, "vectors") == 0) {
        copy(v, v->kind, sizeof v->kind, strtok(NULL, " \n"));
        word = strtok(NULL, " \n");
        *promised = word == NULL ? 0 : (unsigned)strtoul(word, NULL, 10);
    } else if (strcmp(word, "group") == 0) {
        read_group(v);
    } else {
        read_vector(v, word);
        judge(v, accepts, rules, tally);
    }
}

static bool check_file(const char *path, vector_verdict *accepts, const struct vector_rule *rules)
{
    static char line[LINE_MAX_LEN];
    static struct vector v;
    struct tally tally = {0, 0, 0};
    unsigned promised = 0;
    const char *name = strrchr(path, '/');
    FILE *file = fopen(path, "r");

    memset(&v, 0, sizeof v);
    v.file = name == NULL ? path : name + 1;
    if (file == NULL)
        stop(&v, "cannot be opened");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strchr(line, '\n') == NULL)
            stop(&v, "a line is too long");
        read_line(&v, line, &promised, accepts, rules, &tally);
    }
    fclose(file);
    if (tally.all == 0 || tally.all != promised)
        stop(&v, "there are not as many as its head says");
    printf("%-32s %4u vectors, %4u accepted, %u wrong\n", v.file, tally.all, tally.accepted,
           tally.wrong);
    return tally.wrong == 0;
}

int vectors_main(int count, char **files, vector_verdict *accepts, const struct vector_rule *rules)
{
    bool good = count > 0;

    for (int i = 0; i < count; i++)
        good = check_file(files[i], accepts, rules) && good;
    return good ? 0 : 1;
}
