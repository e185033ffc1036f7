/* http_reach.c -- see http_reach.h. */
#include "common/adapters/http_reach.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 256, NAME_MAX_BYTES = 253, BITS4 = 32, BITS6 = 128 };

/* Addresses are held in IPv6's form: an IPv4 one is mapped, so that there is one way to compare. */
struct network {
    uint8_t address[16];
    unsigned bits;
};

struct mr_http_hosts {
    struct network networks[WORDS_MAX];
    size_t network_count;
    char *names[WORDS_MAX]; /* owned, lower-case; "*.example.com" is ".example.com" */
    size_t name_count;
};

static void map4(const void *address4, uint8_t ret[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(ret, prefix, sizeof prefix);
    memcpy(ret + sizeof prefix, address4, 4);
}

/* word is an address with or without "/bits"; false: it is something else. */
static bool network_parse(const char *word, struct network *ret)
{
    char address[INET6_ADDRSTRLEN];
    const size_t len = strcspn(word, "/");
    struct in_addr in4;
    unsigned long bits, bits_max = BITS6;
    char *end;

    if (len >= sizeof address)
        return false;
    memcpy(address, word, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, &in4) == 1) {
        map4(&in4, ret->address);
        bits_max = BITS4;
    } else if (inet_pton(AF_INET6, address, ret->address) != 1) {
        return false;
    }
    bits = bits_max;
    if (word[len] == '/') {
        if (!isdigit((unsigned char)word[len + 1]))
            return false;
        bits = strtoul(word + len + 1, &end, 10);
        if (*end || bits > bits_max)
            return false;
    }
    ret->bits = (unsigned)(bits + BITS6 - bits_max);
    return true;
}

static bool same_bits(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
    const unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* "10.1.2.3/16" is a slip: either the address or the bits are not what was meant. */
static bool has_host_bits(const struct network *network)
{
    for (unsigned bit = network->bits; bit < BITS6; bit++)
        if (network->address[bit / 8] & (0x80U >> bit % 8))
            return true;
    return false;
}

/* A name as a URL's host has it; digits and dots alone would be an address of another form. */
static char *name_parse(const char *word)
{
    const char *name = strncmp(word, "*.", 2) == 0 ? word + 1 : word;
    const size_t len = strlen(name);
    bool letter = false;
    char *copy;

    if (len == 0 || len > NAME_MAX_BYTES || name[len - 1] == '.' || strstr(name, "..") ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len ||
        (name[0] == '.' && name == word))
        return NULL;
    copy = strdup(name);
    for (char *at = copy; copy && *at; at++) {
        letter |= isalpha((unsigned char)*at) != 0;
        *at = (char)tolower((unsigned char)*at);
    }
    if (letter)
        return copy;
    free(copy);
    return NULL;
}

static enum mr_code word_add(struct mr_http_hosts *hosts, const char *word, struct mr_error *err)
{
    struct network network;

    if (hosts->network_count == WORDS_MAX || hosts->name_count == WORDS_MAX)
        return mr_fail(err, MR_TOO_LARGE, "more than %d names or networks", WORDS_MAX);
    if (network_parse(word, &network)) {
        if (has_host_bits(&network))
            return mr_fail(err, MR_INVALID, "\"%.60s\": has bits set behind its prefix", word);
        hosts->networks[hosts->network_count++] = network;
        return MR_OK;
    }
    hosts->names[hosts->name_count] = name_parse(word);
    if (!hosts->names[hosts->name_count])
        return mr_fail(err, MR_INVALID,
                       "\"%.60s\": must be a network (10.0.0.0/8, fd00::/8), an address, a host's "
                       "name or *.name",
                       word);
    hosts->name_count++;
    return MR_OK;
}

enum mr_code mr_http_hosts_new(const char *words, struct mr_http_hosts **ret, struct mr_error *err)
{
    struct mr_http_hosts *hosts = calloc(1, sizeof *hosts);
    char *copy = strdup(words ? words : ""), *save = NULL;
    enum mr_code rc = MR_OK;

    if (!hosts || !copy)
        rc = mr_fail(err, MR_NO_MEMORY, "no memory for a list of hosts");
    for (char *word = rc ? NULL : strtok_r(copy, ", ", &save); !rc && word;
         word = strtok_r(NULL, ", ", &save))
        rc = word_add(hosts, word, err);
    free(copy);
    if (rc)
        mr_http_hosts_free(hosts);
    else
        *ret = hosts;
    return rc;
}

void mr_http_hosts_free(struct mr_http_hosts *hosts)
{
    for (size_t i = 0; hosts && i < hosts->name_count; i++)
        free(hosts->names[i]);
    free(hosts);
}

bool mr_http_hosts_name(const struct mr_http_hosts *hosts, const char *host)
{
    const size_t len = strlen(host);

    for (size_t i = 0; hosts && i < hosts->name_count; i++) {
        const char *name = hosts->names[i];
        const size_t name_len = strlen(name);

        if (name[0] == '.' ? len > name_len && strcasecmp(host + len - name_len, name) == 0
                           : strcasecmp(host, name) == 0)
            return true;
    }
    return false;
}

bool mr_http_hosts_hold(const struct mr_http_hosts *hosts, const struct sockaddr *address)
{
    uint8_t bytes[16];

    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        map4(&in.sin_addr, bytes);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        memcpy(bytes, in6.sin6_addr.s6_addr, sizeof bytes);
    } else {
        return false;
    }
    for (size_t i = 0; hosts && i < hosts->network_count; i++)
        if (same_bits(bytes, hosts->networks[i].address, hosts->networks[i].bits))
            return true;
    return false;
}

bool mr_http_hosts_empty(const struct mr_http_hosts *hosts)
{
    return !hosts || hosts->name_count + hosts->network_count == 0;
}
