/* recipe_parse.h -- what the files recipe_*.c share with each other and with nobody else. */
#ifndef MR_RECIPE_PARSE_H
#define MR_RECIPE_PARSE_H

#include "common/base/json.h"
#include "common/model/recipe_ops.h"

enum { MR_POINTER_MAX = 96 }; /* bytes of a JSON pointer, as mr_op.at */

/* "/color" of the object at `at`; absent: *ret stays. */
enum mr_code mr_color_opt(const cJSON *object, const char *at, const char *name,
                          struct mr_color *ret, struct mr_error *err);
/* One of words (NULL-terminated); absent: *ret, an index, stays. */
enum mr_code mr_word_opt(const cJSON *object, const char *at, const char *name,
                         const char *const *words, int *ret, struct mr_error *err);
/* Index of name in words, -1 where it is not. */
int mr_word_find(const char *const *words, const char *name);
/* The array "ops" of object (absent: none).  ret is empty or, even after a failure, holds what was
 * read, for mr_ops_release(). */
enum mr_code mr_ops_parse(struct mr_recipe *recipe, const cJSON *object, const char *at,
                          unsigned nesting, struct mr_ops *ret, struct mr_error *err);
void mr_ops_release(struct mr_ops *ops);
/* The member "ops" of the object that is being written. */
struct mr_jw;
void mr_ops_print(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_ops *ops);
/* The member "source" of object: adds it to the recipe's sources, once. */
enum mr_code mr_source_parse(struct mr_recipe *recipe, const cJSON *object, const char *at,
                             size_t *ret, struct mr_error *err);
void mr_source_release(struct mr_source *source);
void mr_source_print(struct mr_jw *w, const struct mr_recipe *recipe, size_t source);
enum mr_code mr_output_parse(struct mr_recipe *recipe, const cJSON *item, const char *at,
                             struct mr_recipe_output *ret, struct mr_error *err);
void mr_output_release(struct mr_recipe_output *output);
/* How an output is written: its format and what the codec is told. */
enum mr_code mr_codec_parse(const cJSON *item, const char *at, struct mr_recipe_output *output,
                            struct mr_error *err);
void mr_codec_print(struct mr_jw *w, const struct mr_recipe_output *output);
/* A number with all its digits. */
void mr_num_print(struct mr_jw *w, const char *name, double n);
/* A copy that is the caller's; NULL text gives NULL. */
enum mr_code mr_dup(const char *text, char **ret, struct mr_error *err);

#endif
