/* settings.h -- what an operator can set of the gateway. */
#ifndef GW_SETTINGS_H
#define GW_SETTINGS_H

#include "common/base/config.h"

#include <stdint.h>

struct gw_config {
    char *listen;
    char *admin_key, *id_secret; /* secrets */
    int64_t connections_max, head_bytes_max, head_ms, body_ms, rate_min, idle_ms, answer_ms,
        write_ms, drain_ms;
    int64_t uploads_max, downloads_max, upload_bytes_max, pipe_bytes;
    int64_t histories_max, history_events_max, history_ms, tests_max;
    int64_t circuit_ms, copy_check_ms, config_entries_max;
};

extern const struct mr_setting gw_settings[];
extern const size_t gw_settings_count;

#endif
