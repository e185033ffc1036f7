/* engine.c -- see engine.h.  Heap is counted in the allocator: beyond the limit the next interrupt
 * ends the evaluation; far beyond it, or where a built-in takes it in one piece, the process ends
 * at once, for the interpreter does not survive every failed allocation. */
#include "orchestrator/evaluator/engine.h"

#include "orchestrator/evaluator/engine_hash.h"
#include "orchestrator/evaluator/engine_heap.h"

#include <quickjs/quickjs.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const uint32_t ev_jsonata_size, ev_expressions_size; /* made by qjsc */
extern const uint8_t ev_jsonata[], ev_expressions[];

struct ev_engine {
    JSRuntime *runtime;
    JSContext *context;
    JSValue serve, forget, host; /* of expressions.js */
    struct ev_heap heap;
    int64_t deadline_us;
    enum ev_limit limit; /* that was passed */
    struct mr_buf *answer;
    bool done;
    unsigned parsed; /* expressions, since their parsers' leavings were collected */
};

enum {
    PARSED_MAX = 16, /* expressions, before what their parsers left is collected */
    KEPT_SHARE = 16, /* of its memory: beyond that a new expression takes the place of old ones */
    KEPT_SHARE_MAX = 8, /* beyond that all are given up */
};

int64_t ev_engine_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *engine_malloc(JSMallocState *state, size_t size)
{
    return ev_heap_malloc(state->opaque, size);
}

static void engine_free(JSMallocState *state, void *piece)
{
    ev_heap_free(state->opaque, piece);
}

static void *engine_realloc(JSMallocState *state, void *piece, size_t size)
{
    return ev_heap_realloc(state->opaque, piece, size);
}

/* ---- what the embedded program asks -----------------------------------------------------------
 */

static JSValue host_done(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    struct ev_engine *engine = JS_GetContextOpaque(context);
    size_t len;
    const char *text = argc == 1 ? JS_ToCStringLen(context, &len, argv[0]) : NULL;

    (void)self;
    if (!text)
        return JS_EXCEPTION;
    if (engine->answer && mr_buf_add(engine->answer, text, len) == MR_OK)
        engine->done = true;
    JS_FreeCString(context, text);
    return JS_UNDEFINED;
}

static JSValue host_exhausted(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    struct ev_engine *engine = JS_GetContextOpaque(context);

    (void)self, (void)argc, (void)argv;
    engine->limit = EV_LIMIT_STACK;
    return JS_UNDEFINED;
}

/* An expression is about to be parsed.  A parser leaves five times what the expression keeps, all
 * of it cycles, and nothing but this collects them: often, so that it never takes long (1 ms). */
static JSValue host_parsing(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    struct ev_engine *engine = JS_GetContextOpaque(context);

    (void)self, (void)argc, (void)argv;
    if (engine->parsed++ == PARSED_MAX) {
        engine->parsed = 1;
        JS_RunGC(engine->runtime);
    }
    return JS_UNDEFINED;
}

/* Does the heap hold so much that parsed expressions are to go? */
static JSValue host_crowded(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    const struct ev_engine *engine = JS_GetContextOpaque(context);

    (void)self, (void)argc, (void)argv;
    return JS_NewBool(context, engine->heap.used >= engine->heap.max / KEPT_SHARE);
}

static JSValue host_hash(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
    const char *algorithm, *text;
    char hex[EV_HASH_HEX_MAX];
    JSValue result = JS_UNDEFINED;
    size_t len;

    (void)self;
    if (argc != 2)
        return JS_UNDEFINED;
    text = JS_ToCStringLen(context, &len, argv[0]);
    algorithm = JS_ToCString(context, argv[1]);
    if (text && algorithm && ev_hash_hex(algorithm, text, len, hex))
        result = JS_NewString(context, hex);
    JS_FreeCString(context, algorithm);
    JS_FreeCString(context, text);
    return result;
}

static int on_interrupt(JSRuntime *runtime, void *opaque)
{
    struct ev_engine *engine = opaque;

    (void)runtime;
    if (engine->limit)
        return 1;
    if (engine->deadline_us && ev_engine_now_us() > engine->deadline_us)
        engine->limit = EV_LIMIT_TIME;
    else if (engine->heap.used > engine->heap.max)
        engine->limit = EV_LIMIT_MEMORY;
    return engine->limit != EV_LIMIT_NONE;
}

/* ---- the life of a runtime ---------------------------------------------------------------------
 */

/* All of the language but eval, Proxy, typed arrays and weak references, which JSONata has no use
 * for. */
static JSContext *context_new(JSRuntime *runtime)
{
    JSContext *context = JS_NewContextRaw(runtime);

    if (!context)
        return NULL;
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicDate(context);
    JS_AddIntrinsicStringNormalize(context);
    JS_AddIntrinsicRegExpCompiler(context);
    JS_AddIntrinsicRegExp(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicPromise(context);
    return context;
}

static bool load(JSContext *context, const uint8_t *code, size_t size)
{
    JSValue object = JS_ReadObject(context, code, size, JS_READ_OBJ_BYTECODE);
    JSValue result = JS_IsException(object) ? object : JS_EvalFunction(context, object);
    bool ok = !JS_IsException(result);

    JS_FreeValue(context, result);
    return ok;
}

static void add(JSContext *context, JSValue object, const char *name, JSCFunction *fn, int argc)
{
    JS_SetPropertyStr(context, object, name, JS_NewCFunction(context, fn, name, argc));
}

static bool setup(struct ev_engine *engine, const struct ev_child_settings *settings)
{
    JSContext *context = engine->context;
    JSValue global = JS_GetGlobalObject(context);
    bool ok;

    engine->host = JS_NewObject(context);
    add(context, engine->host, "done", host_done, 1);
    add(context, engine->host, "exhausted", host_exhausted, 0);
    add(context, engine->host, "parsing", host_parsing, 0);
    add(context, engine->host, "crowded", host_crowded, 0);
    add(context, engine->host, "hash", host_hash, 2);
    JS_SetPropertyStr(context, engine->host, "depth", JS_NewInt64(context, settings->depth_max));
    JS_SetPropertyStr(context, global, "host", JS_DupValue(context, engine->host));
    JS_SetPropertyStr(context, global, "global", JS_DupValue(context, global)); /* as in node */
    ok = load(context, ev_jsonata, ev_jsonata_size) &&
         load(context, ev_expressions, ev_expressions_size);
    engine->serve = JS_GetPropertyStr(context, global, "serve");
    engine->forget = JS_GetPropertyStr(context, global, "forget");
    JS_FreeValue(context, global);
    return ok && JS_IsFunction(context, engine->serve) && JS_IsFunction(context, engine->forget);
}

struct ev_engine *ev_engine_new(const struct ev_child_settings *settings)
{
    static const JSMallocFunctions functions = {engine_malloc, engine_free, engine_realloc,
                                                ev_heap_size};
    struct ev_engine *engine = calloc(1, sizeof(*engine));

    if (!engine)
        return NULL;
    engine->serve = engine->forget = engine->host = JS_UNDEFINED;
    engine->heap.max = (size_t)settings->memory_max;
    engine->runtime = JS_NewRuntime2(&functions, &engine->heap);
    if (engine->runtime) {
        JS_SetMaxStackSize(engine->runtime, (size_t)settings->stack_max);
        JS_SetInterruptHandler(engine->runtime, on_interrupt, engine);
        engine->context = context_new(engine->runtime);
    }
    if (!engine->context) {
        ev_engine_free(engine);
        return NULL;
    }
    JS_SetContextOpaque(engine->context, engine);
    if (!setup(engine, settings)) {
        ev_engine_free(engine);
        return NULL;
    }
    JS_RunGC(engine->runtime); /* what only the start needed */
    return engine;
}

void ev_engine_free(struct ev_engine *engine)
{
    if (!engine)
        return;
    if (engine->context) {
        JS_FreeValue(engine->context, engine->serve);
        JS_FreeValue(engine->context, engine->forget);
        JS_FreeValue(engine->context, engine->host);
        JS_FreeContext(engine->context);
    }
    if (engine->runtime)
        JS_FreeRuntime(engine->runtime);
    ev_heap_release(&engine->heap);
    free(engine);
}

/* ---- one request
 * --------------------------------------------------------------------------------- */

/* The field that was being worked on when a limit was passed. */
static void name_field(struct ev_engine *engine, struct mr_buf *ret)
{
    JSValue current, field;
    const char *text;

    mr_buf_reset(ret);
    engine->limit = EV_LIMIT_NONE; /* so that nothing interrupts this */
    engine->deadline_us = 0;
    current = JS_GetPropertyStr(engine->context, engine->host, "current");
    field =
        JS_IsObject(current) ? JS_GetPropertyStr(engine->context, current, "field") : JS_UNDEFINED;
    text = JS_IsString(field) ? JS_ToCString(engine->context, field) : NULL;
    if (text)
        (void)mr_buf_add(ret, text, strnlen(text, EV_FIELD_MAX));
    JS_FreeCString(engine->context, text);
    JS_FreeValue(engine->context, field);
    JS_FreeValue(engine->context, current);
}

/* Old expressions make room for new ones one by one.  If that were not enough all would go, which
 * costs 2 ms a MiB in one go, where a quick request has 25 ms. */
static void make_room(struct ev_engine *engine)
{
    if (engine->heap.used < engine->heap.max / KEPT_SHARE_MAX)
        return;
    JS_FreeValue(engine->context, JS_Call(engine->context, engine->forget, JS_UNDEFINED, 0, NULL));
    JS_RunGC(engine->runtime);
}

size_t ev_engine_kept(const struct ev_engine *engine)
{
    return engine->heap.used;
}

enum ev_limit ev_engine_run(struct ev_engine *engine, const char *request, size_t len,
                            int64_t deadline_us, struct mr_buf *ret)
{
    const int64_t came_us = ev_engine_now_us();
    JSValue text, result;
    enum ev_limit limit;

    make_room(engine);
    mr_buf_reset(ret);
    engine->limit = EV_LIMIT_NONE;
    engine->deadline_us = deadline_us + ev_engine_now_us() - came_us; /* not this request's work */
    engine->answer = ret;
    engine->done = false;
    text = JS_NewStringLen(engine->context, request, len);
    result = JS_Call(engine->context, engine->serve, JS_UNDEFINED, 1, (JSValueConst *)&text);
    JS_FreeValue(engine->context, text);
    if (JS_IsException(result))
        JS_FreeValue(engine->context, JS_GetException(engine->context));
    JS_FreeValue(engine->context, result);
    if (!engine->done && !engine->limit)
        engine->limit = engine->heap.used > engine->heap.max / 2 ? EV_LIMIT_MEMORY : EV_LIMIT_CRASH;
    limit = engine->limit;
    engine->answer = NULL;
    if (limit)
        name_field(engine, ret);
    return limit;
}
