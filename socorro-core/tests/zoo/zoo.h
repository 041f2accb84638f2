/* What the animals have in common: a storage that keeps one raw crash in memory and answers at once.
 *
 * An animal includes this, says what is wrong with it by defining some of the names in exports.h, and ends by
 * including that. */
#ifndef ZOO_H
#define ZOO_H

#define _GNU_SOURCE
#include "socorro_plugin.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A socorro_str of a string literal, as an initializer. */
#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
#define CAN (SOCORRO_CAN_SAVE_RAW | SOCORRO_CAN_GET_RAW | SOCORRO_CAN_GET_DUMPS | SOCORRO_CAN_CATALOG)

struct store {
    pthread_mutex_t lock;
    uint8_t *raw;
    size_t raw_len;
};

static inline void let_go(socorro_buf buf) {
    if (buf.release != NULL)
        buf.release(buf.owner);
}

/* Whatever was moved into a request is ours to release. */
static inline void let_go_of_request(const socorro_request *request) {
    let_go(request->raw_crash);
    let_go(request->processed_crash);
    for (size_t i = 0; i < request->dumps_len; i++)
        let_go(request->dumps[i].bytes);
}

static inline socorro_buf copy_of(const void *bytes, size_t len) {
    socorro_buf buf = {NULL, 0, NULL, NULL};
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy != NULL) {
        memcpy(copy, bytes, len);
        buf.ptr = copy;
        buf.len = len;
        buf.owner = copy;
        buf.release = free;
    }
    return buf;
}

static inline socorro_buf words(const char *text) {
    return copy_of(text, strlen(text));
}

static inline void fill_failure(socorro_failure *failure, uint32_t kind, const char *message) {
    memset(failure, 0, sizeof *failure);
    failure->struct_size = sizeof *failure;
    failure->kind = kind;
    failure->message = words(message);
}

static inline socorro_answer good(void) {
    socorro_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.struct_size = sizeof answer;
    answer.status = SOCORRO_STATUS_OK;
    answer.failure.struct_size = sizeof answer.failure;
    return answer;
}

static inline socorro_answer bad(uint32_t kind, const char *message) {
    socorro_answer answer = good();
    answer.status = SOCORRO_STATUS_FAILED;
    fill_failure(&answer.failure, kind, message);
    return answer;
}

static inline socorro_answer good_with(socorro_buf data) {
    socorro_answer answer = good();
    answer.data = data;
    return answer;
}

static inline uint32_t healthy_create(const socorro_create *create, socorro_instance *instance,
                                      socorro_failure *failure) {
    (void)create;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        fill_failure(failure, SOCORRO_ERROR_UNAVAILABLE, "no memory");
        return 1;
    }
    pthread_mutex_init(&store->lock, NULL);
    instance->ctx = store;
    instance->capabilities = CAN;
    return 0;
}

static inline uint32_t healthy_destroy(void *ctx, uint64_t timeout_ms) {
    (void)timeout_ms;
    struct store *store = ctx;
    pthread_mutex_destroy(&store->lock);
    free(store->raw);
    free(store);
    return 0;
}

static inline socorro_answer healthy_answer(struct store *store, const socorro_request *request) {
    socorro_answer answer = good();
    pthread_mutex_lock(&store->lock);
    switch (request->operation) {
    case SOCORRO_OP_SAVE_RAW_CRASH:
        free(store->raw);
        store->raw_len = request->raw_crash.len;
        store->raw = malloc(store->raw_len + 1);
        memcpy(store->raw, request->raw_crash.ptr, store->raw_len);
        break;
    case SOCORRO_OP_GET_RAW_CRASH:
        answer = store->raw == NULL ? bad(SOCORRO_ERROR_NOT_FOUND, "nothing was saved")
                                    : good_with(copy_of(store->raw, store->raw_len));
        break;
    case SOCORRO_OP_HEALTH:
        answer = good_with(words("{\"reachable\": \"ok\", \"authenticated\": \"ok\", \"writable\": \"ok\"}"));
        break;
    case SOCORRO_OP_CLOSE:
        break;
    default:
        answer = bad(SOCORRO_ERROR_UNSUPPORTED, "an animal cannot do everything");
    }
    pthread_mutex_unlock(&store->lock);
    return answer;
}

static inline void healthy_submit(void *ctx, const socorro_request *request, socorro_completion done,
                                  socorro_operation *operation) {
    memset(operation, 0, sizeof *operation);
    socorro_answer answer = healthy_answer(ctx, request);
    let_go_of_request(request);
    done.complete(done.ctx, &answer);
}

/* Blocks until somebody opens the named pipe whose path is in this variable for writing; for ever if the
 * variable is not set. */
static inline void hang(void) {
    const char *gate = getenv("SOCORRO_ZOO_GATE");
    if (gate == NULL)
        for (;;)
            pause();
    close(open(gate, O_RDONLY));
}

#endif
