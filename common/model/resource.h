/* resource.h -- which task type and class a definition's Resource means.  The rows of design §4:
 *
 *   millrace:<class>.<name>                          that class; type "<class>.<name>"
 *   millrace:<name>, map.<name>, s3.<name>           class io
 *   millrace:job.start                               a nested workflow
 *   arn:aws:lambda:R:A:function:NAME[:V]             class NAME
 *   arn:aws:states:R:A:activity:NAME                 class NAME
 *   arn:aws:states:::lambda:invoke                   class NAME of FunctionName, answer in Payload
 *   arn:aws:states:::states:startExecution           a nested workflow; so
 *   arn:aws:states:::aws-sdk:sfn:startExecution, and aws-sdk:sfn:startSyncExecution, whose answer
 *                                                    is its end, well or badly
 *   arn:aws:states:::s3:ACTION, aws-sdk:s3:ACTION    class io, type "s3.ACTION", for the actions
 *                                                    that storage knows; others: class s3
 *   arn:aws:states:::[aws-sdk:]SERVICE:ACTION        class SERVICE; type "SERVICE.ACTION"
 *   arn:aws:SERVICE:R:A:REST                         class SERVICE; type "SERVICE.REST"
 *
 * Suffixes: .waitForTaskToken, .sync, .sync:2.  A record "arn/<Resource>" of millrace.config puts a
 * class and a type of its own in place of what the table says; lambda:invoke then still takes its
 * Payload and answers in one. */
#ifndef MR_RESOURCE_H
#define MR_RESOURCE_H

#include "common/base/error.h"
#include "common/model/message.h"
#include "common/model/topics.h"

enum mr_service {
    MR_SERVICE_WORKER, /* a task for workers of class_name */
    MR_SERVICE_INVOKE, /* the same, once mr_resource_invoke() has read the task's input */
    MR_SERVICE_JOB,    /* starts a workflow */
};

struct mr_resource {
    enum mr_service service;
    char class_name[MR_CLASS_MAX]; /* INVOKE: "", until it is known */
    char type[256];
    enum mr_want want; /* JOB: what is waited for */
    bool token;        /* .waitForTaskToken */
    bool sdk;          /* JOB: aws-sdk:sfn:..., whose errors are named Sfn.* */
};
/* MR_UNSUPPORTED: nothing of the table. */
MR_MUST_USE enum mr_code mr_resource_resolve(const char *resource, struct mr_resource *ret,
                                             struct mr_error *err);

/* lambda:invoke: input is {FunctionName, Payload}: where no class is known yet, it is the
 * function's name; *ret_payload
 * (lent by input; NULL: none) is the task's own input.  MR_INVALID: it names no function. */
MR_MUST_USE enum mr_code mr_resource_invoke(const cJSON *input, struct mr_resource *resource,
                                            const cJSON **ret_payload, struct mr_error *err);
/* What the state gets for the worker's answer: of lambda:invoke {ExecutedVersion, Payload,
 * StatusCode}, of others the answer itself (*ret is NULL then).  *ret is the caller's to delete. */
MR_MUST_USE enum mr_code mr_resource_answer(const char *resource, const cJSON *answer, cJSON **ret,
                                            struct mr_error *err);

/* A record of the table in millrace.config: {"v":1,"class":..,"type":..}. */
MR_MUST_USE enum mr_code mr_config_arn_parse(const char *text, size_t len, struct mr_resource *ret,
                                             struct mr_error *err);

#endif
