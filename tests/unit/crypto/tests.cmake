mr_test(crypto unit unit/crypto/crypto_test.c mr_crypto)
mr_test(crypto_clock unit unit/crypto/clock_test.c mr_clock)
mr_test(crypto_sigv4 unit unit/crypto/sigv4_test.c mr_blob)
