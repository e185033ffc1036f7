/* job_test.c -- tokens, the text of a job, its values and its chain of errors. */
#include "orchestrator/job.h"

#include "common/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char definition[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}";

static struct asl_machine *machine_new(void)
{
    struct asl_machine *machine = NULL;

    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, NULL),
                     MR_OK);
    return machine;
}

static struct oc_job *job_new(struct asl_machine *machine, const char *id, const char *nonce)
{
    const struct mr_event submit = {.kind = MR_EVENT_SUBMIT,
                                    .job = id,
                                    .tenant = "shop",
                                    .workflow = "thumbs",
                                    .def = "d",
                                    .nonce = nonce,
                                    .sum = "s"};
    struct oc_job *job = NULL;

    assert_int_equal(oc_job_new(&submit, 7, machine, &job, NULL), MR_OK);
    return job;
}

static void a_token_is_right_for_its_own_job_step_and_attempt_alone(void **state)
{
    struct asl_machine *machine = machine_new();
    struct oc_job *job = job_new(machine, "job-1", "00112233445566778899aabbccddeeff");
    struct oc_job *other = job_new(machine, "job-1", "ff112233445566778899aabbccddeeff");
    struct oc_job *namesake = job_new(machine, "job-2", "00112233445566778899aabbccddeeff");
    char text[MR_TOKEN_MAX + 1];
    struct mr_token token, wrong;

    (void)state;
    assert_true(oc_token_make(job, 3, 2, text, sizeof text));
    assert_int_equal(mr_token_parse(text, &token, NULL), MR_OK);
    assert_true(oc_token_right(job, &token));
    assert_false(oc_token_right(other, &token));
    assert_false(oc_token_right(namesake, &token));
    wrong = token;
    wrong.seq++;
    assert_false(oc_token_right(job, &wrong));
    wrong = token;
    wrong.attempt++;
    assert_false(oc_token_right(job, &wrong));
    for (size_t i = 0; i < 32; i++) {
        wrong = token;
        wrong.mac[i] = wrong.mac[i] == '0' ? '1' : '0';
        assert_false(oc_token_right(job, &wrong));
    }
    assert_false(oc_token_make(job, 3, 2, text, 10));
    oc_job_free(job);
    oc_job_free(other);
    oc_job_free(namesake);
    asl_machine_unref(machine);
}

static void no_value(void *ctx, uint32_t id, const char *json, size_t len)
{
    (void)ctx, (void)id, (void)json, (void)len;
}

static void no_drop(void *ctx, uint32_t id)
{
    (void)ctx, (void)id;
}

static const struct asl_values_fn no_values = {no_value, no_drop, NULL};

static void a_job_comes_back_from_its_text_with_a_chain_in_any_language(void **state)
{
    struct asl_machine *machine = machine_new();

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct oc_job *job = job_new(machine, "job-1", "00112233445566778899aabbccddeeff");
        struct mr_job_load load = {.job = "job-1"};
        struct oc_job_text text = {0};
        char cause[1200];

        memset(cause, 'a', shift);
        for (size_t at = shift; at + 4 < sizeof cause; at += 4)
            memcpy(cause + at, "\xf0\x9f\x90\x88", 5);
        for (uint32_t i = 1; i <= OC_CHAIN_MAX + 5; i++)
            oc_job_chain_add(job, 1, i, "Image.Crashed", cause, 9);
        assert_int_equal(cJSON_GetArraySize(job->chain), OC_CHAIN_MAX);
        assert_int_equal(oc_job_encode(job, &no_values, &load.run, NULL), MR_OK);
        assert_true(mr_utf8_valid(load.run.data, load.run.len));
        assert_int_equal(oc_job_decode_head(&load, &text, NULL), MR_OK);
        assert_int_equal(oc_job_decode_run(&load, &text, machine, NULL), MR_OK);
        assert_string_equal(text.job->nonce, job->nonce);
        assert_string_equal(text.job->tenant, "shop");
        assert_int_equal(text.job->created_ms, 7);
        assert_int_equal(cJSON_GetArraySize(text.job->chain), OC_CHAIN_MAX);
        oc_job_free(text.job);
        oc_job_free(job);
        mr_job_load_release(&load);
    }
    asl_machine_unref(machine);
}

static void a_text_cut_or_changed_anywhere_is_corrupt_and_never_half_a_job(void **state)
{
    struct asl_machine *machine = machine_new();
    struct oc_job *job = job_new(machine, "job-1", "00112233445566778899aabbccddeeff");
    struct mr_buf whole = {0};

    (void)state;
    assert_int_equal(oc_job_encode(job, &no_values, &whole, NULL), MR_OK);
    for (size_t cut = 0; cut < whole.len; cut++) {
        for (int flip = 0; flip < 2; flip++) {
            struct mr_job_load load = {.job = "job-1"};
            struct oc_job_text text = {0};

            assert_int_equal(mr_buf_add(&load.run, whole.data, flip ? whole.len : cut), MR_OK);
            if (flip)
                load.run.data[cut] ^= 0x15;
            if (oc_job_decode_head(&load, &text, NULL) == MR_OK) {
                if (oc_job_decode_run(&load, &text, machine, NULL) == MR_OK)
                    assert_true(flip); /* a changed letter of a name may still be a name */
                oc_job_free(text.job);
            } else {
                assert_null(text.job);
            }
            mr_job_load_release(&load);
        }
    }
    mr_buf_release(&whole);
    oc_job_free(job);
    asl_machine_unref(machine);
}

static void values_are_found_by_number_and_broken_ones_are_not_read_past(void **state)
{
    static const char vals[] = "1\0"
                               "3\0abc4294967295\0"
                               "2\0{}7\0"
                               "99\0x";
    struct mr_job_load load = {.job = "j"};
    const char *text = NULL;
    size_t len = 0;

    (void)state;
    assert_int_equal(mr_buf_add(&load.vals, vals, sizeof vals - 1), MR_OK);
    assert_true(oc_job_value(&load, 1, &text, &len));
    assert_int_equal(len, 3);
    assert_memory_equal(text, "abc", 3);
    assert_true(oc_job_value(&load, OC_VALUE_DEFINITION, &text, &len));
    assert_memory_equal(text, "{}", 2);
    assert_false(oc_job_value(&load, 7, &text, &len)); /* says 99 bytes, has one */
    assert_false(oc_job_value(&load, 2, &text, &len));
    mr_job_load_release(&load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_right_for_its_own_job_step_and_attempt_alone),
        cmocka_unit_test(a_job_comes_back_from_its_text_with_a_chain_in_any_language),
        cmocka_unit_test(a_text_cut_or_changed_anywhere_is_corrupt_and_never_half_a_job),
        cmocka_unit_test(values_are_found_by_number_and_broken_ones_are_not_read_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
