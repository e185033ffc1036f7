/* http_address.h -- which addresses are of the public internet. */
#ifndef MR_HTTP_ADDRESS_H
#define MR_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local, shared, multicast, documentation and reserved addresses
 * (IANA's special-purpose registries), also where they hide in an IPv6 address; and for every
 * family but IPv4 and IPv6. */
bool mr_http_address_public(const struct sockaddr *address);

#endif
