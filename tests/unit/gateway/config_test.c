/* config_test.c -- what is put into the topic of configuration reaches Redis and the other
 * gateways, also after either has lost it. */
#include "tests/unit/gateway/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void redis_gets_its_copy_again_after_flushall(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_buf copy = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 201);
    (void)key_for(fx, "shop", "\"read\"");
    mr_sim_redis_flushall(fx->redis);
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_NOT_FOUND);
    fixture_pass(fx, 5000);
    assert_int_equal(mr_store_config_get(fx->store, "workflow/thumbs", &copy, &err), MR_OK);
    mr_buf_release(&copy);
    fixture_free(fx);
}

static void another_gateway_learns_of_keys_and_workflows_from_the_topic(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    const struct gw_ports ports = fx->app.ports;
    char key[200];
    struct mr_error err;

    (void)state;
    (void)snprintf(key, sizeof(key), "%s", key_for(fx, "shop", "\"read\""));
    assert_int_equal(ask_status(fx, "PUT", "/v1/workflows/thumbs", ADMIN, MACHINE), 201);
    gw_app_teardown(&fx->app); /* a restart: all it knew is gone */
    assert_int_equal(gw_app_setup(&fx->app, &fx->config, &fx->cluster, &ports, &err), MR_OK);
    fixture_pass(fx, 500);
    assert_int_equal(ask_status(fx, "GET", "/v1/workflows/thumbs", key, NULL), 200);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_gets_its_copy_again_after_flushall),
        cmocka_unit_test(another_gateway_learns_of_keys_and_workflows_from_the_topic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
