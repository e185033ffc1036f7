/* fan.h -- many outputs of one picture: what their operations have in common is done once.
 *
 * The lists of operations make a tree: outputs that begin alike share a branch up to where they
 * differ.  A picture that more than one goes on from is put into memory; one that only one needs
 * stays a pipeline. */
#ifndef DEC_FAN_H
#define DEC_FAN_H

#include "worker/decoder/ops.h"

struct dec_fan {
    const struct mr_recipe *recipe;
    const struct dec_scene *scene;
    bool keeps_profile; /* an output does, so that those that do not have it still to be applied */
    /* An output's operations are done: encodes it.  May change the picture. */
    enum dec_failure (*finish)(struct dec_picture *picture, size_t output, void *user,
                               struct dec_fault *fault);
    void *user;
};

/* picture may be put into memory; it stays the caller's. */
enum dec_failure dec_fan_run(struct dec_picture *picture, const struct dec_fan *fan,
                             struct dec_fault *fault);

#endif
