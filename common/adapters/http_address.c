/* http_address.c -- see http_address.h.  A URL from a stranger must not reach what only this
 * machine can reach (a metadata service, Redis): the question is asked of the address that the
 * socket is about to connect to, so no name server can change the answer afterwards. */
#include "common/adapters/http_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
    uint32_t first;
    unsigned bits;
};

/* clang-format off */
static const struct range4 not_public4[] = {
    {0x00000000,  8}, /* 0.0.0.0        "this network" */
    {0x0a000000,  8}, /* 10.0.0.0       private */
    {0x64400000, 10}, /* 100.64.0.0     shared by a carrier's clients */
    {0x7f000000,  8}, /* 127.0.0.0      loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0    link-local; metadata services */
    {0xac100000, 12}, /* 172.16.0.0     private */
    {0xc0000000, 24}, /* 192.0.0.0      protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0      documentation */
    {0xc0586300, 24}, /* 192.88.99.0    6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0    private */
    {0xc6120000, 15}, /* 198.18.0.0     benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0   documentation */
    {0xcb007100, 24}, /* 203.0.113.0    documentation */
    {0xe0000000,  4}, /* 224.0.0.0      multicast */
    {0xf0000000,  4}, /* 240.0.0.0      reserved, broadcast */
};
/* clang-format on */

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof not_public4 / sizeof *not_public4; i++)
        if ((address ^ not_public4[i].first) >> (32 - not_public4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t read4(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_public6(const uint8_t at[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint32_t head = read4(at);

    if (memcmp(at, mapped, sizeof mapped) == 0)
        return is_public4(read4(at + 12));
    if (head >> 29 != 1) /* 2000::/3 is all that is given out */
        return false;
    if (head >> 16 == 0x2002) /* 6to4: an IPv4 address follows */
        return is_public4(read4(at + 2));
    if (head >> 9 == 0x20010000U >> 9) /* 2001::/23 protocol assignments, Teredo */
        return false;
    if (head == 0x20010db8U) /* documentation */
        return false;
    return head >> 12 != 0x3fff0; /* 3fff::/20 documentation */
}

bool mr_http_address_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
