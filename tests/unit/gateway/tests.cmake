mr_test(gateway_parse unit unit/gateway/parse_test.c gw)
