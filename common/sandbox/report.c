/* report.c -- which layers hold, as words. */
#include "common/sandbox/sandbox.h"

#include <stdio.h>
#include <string.h>

static const char *const words[SB_LAYER_COUNT] = {
#define LAYER_WORD(name, word) [name] = word,
    SB_LAYERS(LAYER_WORD)
#undef LAYER_WORD
};

void sb_report_hold(struct sb_report *report, enum sb_layer layer, int error)
{
    report->error[layer] = error;
    if (error)
        report->held &= ~(1u << layer);
    else
        report->held |= 1u << layer;
}

void sb_report_merge(struct sb_report *into, const struct sb_report *from)
{
    into->held |= from->held & ((1u << SB_LAYER_COUNT) - 1);
    for (int i = 0; i < SB_LAYER_COUNT; i++)
        if (!into->error[i])
            into->error[i] = from->error[i];
}

const char *sb_report_text(const struct sb_report *report, char text[SB_LAYERS_TEXT_MAX])
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < SB_LAYER_COUNT; i++)
        if (report->held & (1u << i))
            len += (size_t)snprintf(text + len, SB_LAYERS_TEXT_MAX - len, "%s%s", len ? "," : "",
                                    words[i]);
    return text;
}

enum mr_code sb_report_check(const struct sb_report *report, struct mr_error *err)
{
    char text[MR_ERROR_TEXT_MAX] = "";
    size_t len = 0;

    for (int i = 0; i < SB_LAYER_COUNT; i++)
        if (!(report->held & (1u << i)) && len < sizeof(text))
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s (%s)", len ? ", " : "",
                                    words[i],
                                    report->error[i] ? strerror(report->error[i]) : "not made");
    if (len == 0)
        return MR_OK;
    return mr_fail(err, MR_UNAVAILABLE, "the sandbox misses: %s", text);
}
