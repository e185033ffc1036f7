/* read.c -- JSON among the words: as text, or in a file. */
#include "gateway/cli/cli.h"

#include "common/base/json.h"
#include "common/model/message.h"

#include <string.h>

enum mr_code cli_read_json_file(const char *file, cJSON **ret, struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = cli_read_file(file, MR_JOB_MESSAGE_MAX, &text, err);

    if (!rc)
        rc = mr_json_parse(text.data ? text.data : "", text.len, &mr_json_limits_message, ret, err);
    mr_buf_release(&text);
    return rc ? mr_fail_in(err, rc, file) : MR_OK;
}

enum mr_code cli_read_json(const char *text_or_file, cJSON **ret, struct mr_error *err)
{
    if (text_or_file[0] == '@')
        return cli_read_json_file(text_or_file + 1, ret, err);
    return mr_json_parse(text_or_file, strlen(text_or_file), &mr_json_limits_message, ret, err);
}
