/* parse_spread.c -- what only a Map in DISTRIBUTED mode has: where its items are read, how they
 * are batched, where results go, how many may fail, and its label. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <math.h>
#include <string.h>

enum {
    LABEL_MAX = 40,
    ITEMS_MAX = 100000000,
    BATCH_BYTES_MAX = 262144,
};

static const char *const fields[] = {"ItemReader",
                                     "ItemBatcher",
                                     "ResultWriter",
                                     "Label",
                                     "ToleratedFailureCount",
                                     "ToleratedFailureCountPath",
                                     "ToleratedFailurePercentage",
                                     "ToleratedFailurePercentagePath",
                                     NULL};

/* ---- small readers ------------------------------------------------------------------------ */

/* Where JSONata is spoken: the field's value comes later, and is looked at then. */
static bool comes_later(const struct asl_parser *parser, const cJSON *object, const char *name)
{
    return parser->machine->states[parser->state].queries &&
           asl_is_expression(mr_json_get(object, name));
}

/* Parameters, or where JSONata is spoken Arguments, which are evaluated with all of object. */
static void read_parameters(struct asl_parser *parser, const cJSON *object,
                            struct asl_template **ret)
{
    const bool jsonata = parser->machine->states[parser->state].queries;
    const char *foreign = jsonata ? "Parameters" : "Arguments";

    if (mr_json_get(object, foreign))
        asl_report_at(parser, foreign, ASL_SCHEMA,
                      "The field '%s' is not supported when using the query language %s", foreign,
                      jsonata ? "JSONata" : "JSONPath");
    if (!jsonata)
        asl_read_template(parser, object, "Parameters", ret);
}

static const char *read_word(struct asl_parser *parser, const cJSON *object, const char *name,
                             const char *const *words)
{
    const char *text = NULL;

    if (comes_later(parser, object, name) || !asl_read_str(parser, object, name, &text) || !text)
        return NULL;
    for (const char *const *word = words; *word; word++)
        if (strcmp(*word, text) == 0)
            return *word;
    asl_report_at(parser, name, ASL_SCHEMA, "'%.80s' is not one of the values that are allowed",
                  text);
    return NULL;
}

/* A whole number, or the path to one; its own upper bound, unlike asl_read_number(). */
static void read_count(struct asl_parser *parser, const cJSON *object, const char *name,
                       const char *path_name, int64_t min, int64_t max, struct asl_number *ret)
{
    if (mr_json_get(object, name) && mr_json_get(object, path_name)) {
        asl_report(parser, ASL_SCHEMA, "Only one of %s and %s may be given", name, path_name);
        return;
    }
    ret->set = mr_json_get(object, name) || mr_json_get(object, path_name);
    if (comes_later(parser, object, name))
        return;
    asl_read_int(parser, object, name, min, max, &ret->n);
    asl_read_path(parser, object, path_name, ASL_PATH_ANY, &ret->path);
    asl_check_count_path(parser, path_name, ret->path);
}

static const cJSON *read_object(struct asl_parser *parser, const cJSON *object, const char *name)
{
    const cJSON *found = mr_json_get(object, name);

    if (!found || cJSON_IsObject(found))
        return found;
    asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Object");
    return NULL;
}

/* ---- ItemReader --------------------------------------------------------------------------- */

static void check_headers(struct asl_parser *parser, const cJSON *config)
{
    static const char *const places[] = {"FIRST_ROW", "GIVEN", NULL};
    static const char *const delimiters[] = {"COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB", NULL};
    const char *place = read_word(parser, config, "CSVHeaderLocation", places);
    const cJSON *headers = mr_json_get(config, "CSVHeaders");

    (void)read_word(parser, config, "CSVDelimiter", delimiters);
    if (!mr_json_get(config, "CSVHeaderLocation"))
        asl_report(parser, ASL_SCHEMA, "The field 'CSVHeaderLocation' is required for CSV");
    if (place && strcmp(place, "GIVEN") == 0 && !headers)
        asl_report(parser, ASL_SCHEMA, "The field 'CSVHeaders' is required with GIVEN");
    if (place && strcmp(place, "FIRST_ROW") == 0 && headers)
        asl_report_at(parser, "CSVHeaders", ASL_SCHEMA, "is allowed only with GIVEN");
    if (headers && (!cJSON_IsArray(headers) || !headers->child))
        asl_report_at(parser, "CSVHeaders", ASL_SCHEMA, "Expected value of type Array of names");
    for (const cJSON *item = cJSON_IsArray(headers) ? headers->child : NULL; item;
         item = item->next)
        if (!cJSON_IsString(item))
            asl_report_at(parser, "CSVHeaders", ASL_SCHEMA, "Expected value of type String");
}

static void read_reader_config(struct asl_parser *parser, const cJSON *config,
                               struct asl_spread *spread, bool listing)
{
    static const char *const names[] = {
        "InputType",         "Transformation", "ManifestType", "MaxItems",     "MaxItemsPath",
        "CSVHeaderLocation", "CSVHeaders",     "CSVDelimiter", "ItemsPointer", NULL};
    static const char *const types[] = {"CSV", "JSON", "JSONL", "MANIFEST", "PARQUET", NULL};
    static const char *const loads[] = {"NONE", "LOAD_AND_FLATTEN", NULL};
    static const char *const manifests[] = {"S3_INVENTORY", "ATHENA_DATA", NULL};
    const char *type = read_word(parser, config, "InputType", types), *text = NULL;
    const char *manifest = read_word(parser, config, "ManifestType", manifests);
    const char *load = read_word(parser, config, "Transformation", loads);

    asl_read_known(parser, config, names);
    read_count(parser, config, "MaxItems", "MaxItemsPath", 0, ITEMS_MAX, &spread->items_max);
    if (!listing && !mr_json_get(config, "InputType") && !manifest)
        asl_report(parser, ASL_SCHEMA,
                   "The field 'InputType' or 'ManifestType' is required for s3:getObject");
    if (type && strcmp(type, "PARQUET") == 0)
        asl_report_at(parser, "InputType", ASL_NOT_YET,
                      "PARQUET is not read: CSV, JSON, JSONL and MANIFEST are");
    if (type && strcmp(type, "CSV") == 0)
        check_headers(parser, config);
    if (manifest && strcmp(manifest, "ATHENA_DATA") == 0)
        asl_report_at(parser, "ManifestType", ASL_NOT_YET,
                      "ATHENA_DATA is not read: S3_INVENTORY is");
    if (load && strcmp(load, "LOAD_AND_FLATTEN") == 0 && !listing)
        asl_report_at(parser, "Transformation", ASL_SCHEMA,
                      "LOAD_AND_FLATTEN is allowed only with s3:listObjectsV2");
    if (load && strcmp(load, "LOAD_AND_FLATTEN") == 0 && listing &&
        (!mr_json_get(config, "InputType") || (type && strcmp(type, "MANIFEST") == 0)))
        asl_report(parser, ASL_SCHEMA, "LOAD_AND_FLATTEN wants an 'InputType': CSV, JSON or JSONL");
    asl_read_str(parser, config, "ItemsPointer", &text);
    if (text && text[0] && text[0] != '/')
        asl_report_at(parser, "ItemsPointer", ASL_SCHEMA, "'%.80s' is not a JSON pointer", text);
}

static bool is_s3(const char *resource, const char *action)
{
    size_t len = strlen(resource), action_len = strlen(action);

    return strncmp(resource, "arn:", 4) == 0 && strstr(resource, ":states:::") &&
           len > action_len && strcmp(resource + len - action_len, action) == 0;
}

static void read_reader(struct asl_parser *parser, const cJSON *json, struct asl_spread *spread)
{
    static const char *const names[] = {"Resource", "ReaderConfig", "Parameters", "Arguments",
                                        NULL};
    const cJSON *reader = read_object(parser, json, "ItemReader"), *config;
    bool listing;
    size_t mark;

    if (!reader)
        return;
    mark = asl_at(parser, "ItemReader");
    asl_read_known(parser, reader, names);
    asl_read_str(parser, reader, "Resource", &spread->reader);
    if (!spread->reader) {
        if (!mr_json_get(reader, "Resource"))
            asl_report(parser, ASL_SCHEMA, "The field 'Resource' is required but was missing");
        spread->reader = "";
    }
    listing = is_s3(spread->reader, ":s3:listObjectsV2");
    if (spread->reader[0] && !listing && !is_s3(spread->reader, ":s3:getObject"))
        asl_report_at(parser, "Resource", ASL_SCHEMA,
                      "'%.80s' cannot be read from: arn:aws:states:::s3:getObject and "
                      "arn:aws:states:::s3:listObjectsV2 can",
                      spread->reader);
    read_parameters(parser, reader, &spread->reader_parameters);
    config = read_object(parser, reader, "ReaderConfig");
    spread->reader_config = config;
    if (!config && !listing && !mr_json_get(reader, "ReaderConfig"))
        asl_report(parser, ASL_SCHEMA, "The field 'ReaderConfig' is required but was missing");
    if (config) {
        size_t inner = asl_at(parser, "ReaderConfig");
        read_reader_config(parser, config, spread, listing);
        asl_at_leave(parser, inner);
    }
    asl_at_leave(parser, mark);
}

/* ---- ItemBatcher, ResultWriter ------------------------------------------------------------ */

static void read_batcher(struct asl_parser *parser, const cJSON *json, struct asl_spread *spread)
{
    static const char *const names[] = {
        "MaxItemsPerBatch",          "MaxItemsPerBatchPath", "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath", "BatchInput",           NULL};
    const cJSON *batcher = read_object(parser, json, "ItemBatcher");
    size_t mark;

    if (!batcher)
        return;
    mark = asl_at(parser, "ItemBatcher");
    spread->batches = true;
    asl_read_known(parser, batcher, names);
    read_count(parser, batcher, names[0], names[1], 0, ITEMS_MAX, &spread->batch_items);
    read_count(parser, batcher, names[2], names[3], 0, BATCH_BYTES_MAX, &spread->batch_bytes);
    if (!spread->batch_items.set && !spread->batch_bytes.set)
        asl_report(parser, ASL_SCHEMA,
                   "One of [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, "
                   "MaxInputBytesPerBatchPath] is required");
    if (!parser->machine->states[parser->state].queries)
        asl_read_template(parser, batcher, "BatchInput", &spread->batch_input);
    asl_at_leave(parser, mark);
}

static void read_writer(struct asl_parser *parser, const cJSON *json, struct asl_spread *spread)
{
    static const char *const names[] = {"Resource", "Parameters", "Arguments", "WriterConfig",
                                        NULL};
    static const char *const config_names[] = {"OutputType", "Transformation", NULL};
    static const char *const types[] = {"JSON", "JSONL", NULL};
    static const char *const forms[] = {"NONE", "COMPACT", "FLATTEN", NULL};
    const cJSON *writer = read_object(parser, json, "ResultWriter"), *config;
    size_t mark;

    if (!writer)
        return;
    mark = asl_at(parser, "ResultWriter");
    spread->writes = true;
    asl_read_known(parser, writer, names);
    asl_read_str(parser, writer, "Resource", &spread->writer);
    if (spread->writer && !is_s3(spread->writer, ":s3:putObject"))
        asl_report_at(parser, "Resource", ASL_SCHEMA,
                      "'%.80s' cannot be written to: arn:aws:states:::s3:putObject can",
                      spread->writer);
    read_parameters(parser, writer, &spread->writer_parameters);
    config = read_object(parser, writer, "WriterConfig");
    if (!mr_json_get(writer, "Resource") && !mr_json_get(writer, "WriterConfig"))
        asl_report(parser, ASL_SCHEMA, "One of [Resource, WriterConfig] is required");
    if (config) {
        size_t inner = asl_at(parser, "WriterConfig");
        asl_read_known(parser, config, config_names);
        (void)read_word(parser, config, "OutputType", types);
        spread->writer_form = read_word(parser, config, "Transformation", forms);
        asl_at_leave(parser, inner);
    }
    spread->writer_config = config;
    asl_at_leave(parser, mark);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void read_tolerance(struct asl_parser *parser, const cJSON *json, struct asl_spread *spread)
{
    const cJSON *percent = mr_json_get(json, "ToleratedFailurePercentage");

    read_count(parser, json, "ToleratedFailureCount", "ToleratedFailureCountPath", 0, ITEMS_MAX,
               &spread->tolerated_count);
    asl_read_path(parser, json, "ToleratedFailurePercentagePath", ASL_PATH_ANY,
                  &spread->tolerated_path);
    asl_check_count_path(parser, "ToleratedFailurePercentagePath", spread->tolerated_path);
    if (!percent || comes_later(parser, json, "ToleratedFailurePercentage"))
        return;
    if (spread->tolerated_path)
        asl_report(parser, ASL_SCHEMA,
                   "Only one of ToleratedFailurePercentage and ToleratedFailurePercentagePath may "
                   "be given");
    if (!cJSON_IsNumber(percent))
        asl_report_at(parser, "ToleratedFailurePercentage", ASL_SCHEMA,
                      "Expected value of type Number");
    else if (percent->valuedouble < 0 || percent->valuedouble > 100)
        asl_report_at(parser, "ToleratedFailurePercentage", ASL_SCHEMA,
                      "must be between 0 and 100");
    else
        spread->tolerated_percent = percent;
}

/* As AWS: what would be trouble in a name of an execution, and what nobody sees. */
static bool label_byte_fits(const unsigned char *p)
{
    static const char special[] = "?*<>{}[]\"#%\\^|~`$&,;:/";

    if (*p <= 0x20 || *p == 0x7f || strchr(special, *p))
        return false;
    return *p != 0xC2 || p[1] > 0xA0; /* U+0080 to U+00A0: controls and a space */
}

static void check_label(struct asl_parser *parser, const char *label)
{
    size_t chars = 0;

    for (const unsigned char *p = (const unsigned char *)label; *p; p++) {
        if (!label_byte_fits(p)) {
            asl_report_at(parser, "Label", ASL_BAD_LABEL,
                          "has a character that is not allowed: no white space, no control "
                          "characters, none of ? * < > { } [ ] \" # %% \\ ^ | ~ ` $ & , ; : /");
            return;
        }
        chars += (*p & 0xC0) != 0x80;
    }
    if (chars == 0 || chars > LABEL_MAX)
        asl_report_at(parser, "Label", ASL_BAD_LABEL, "has from 1 to %d characters", LABEL_MAX);
}

void asl_refuse_spread(struct asl_parser *parser, const cJSON *json)
{
    for (const char *const *name = fields; *name; name++)
        if (mr_json_get(json, *name))
            asl_report_at(parser, *name, ASL_SCHEMA,
                          "Field is supported only with ProcessorConfig's Mode DISTRIBUTED");
}

void asl_parse_spread(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_spread *spread = asl_take(parser, sizeof(*spread));

    if (!spread)
        return;
    memset(spread, 0, sizeof(*spread));
    parser->machine->states[index].fork.spread = spread;
    read_reader(parser, json, spread);
    read_batcher(parser, json, spread);
    read_writer(parser, json, spread);
    read_tolerance(parser, json, spread);
    asl_read_str(parser, json, "Label", &spread->label);
    if (spread->label)
        check_label(parser, spread->label);
}
