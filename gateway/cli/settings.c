/* settings.c -- settings of the command line. */
#include "gateway/cli/cli.h"

/* clang-format off */
const struct mr_setting cli_settings[] = {
    MR_STR(cli_config, url, "MILLRACE_URL", "",
           "the gateway; empty: that of the embedded cluster in MILLRACE_DATA"),
    MR_SECRET(cli_config, key, "MILLRACE_KEY", "",
              "API key; empty: the admin key of the embedded cluster in MILLRACE_DATA"),
    MR_STR(cli_config, data, "MILLRACE_DATA", "millrace-data",
           "folder of the embedded cluster: Redis, blobs, logs, key"),
    MR_LONG(cli_config, timeout_ms, "MILLRACE_TIMEOUT_MS", "30000", 100, 600000,
            "of one request to the gateway, ms"),
    MR_LONG(cli_config, port, "MILLRACE_PORT", "8080", 1, 65535,
            "embedded cluster: the gateway's port on loopback"),
    MR_LONG(cli_config, redis_port, "MILLRACE_REDIS_PORT", "6390", 1, 65535,
            "embedded cluster: Redis' port on loopback"),
};
/* clang-format on */
const size_t cli_settings_count = sizeof cli_settings / sizeof cli_settings[0];
