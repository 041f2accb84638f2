/* Answers every reading with what -DGARBAGE=N says. */
#include "zoo.h"

static socorro_answer garbage(void) {
    socorro_answer answer = good();
    static socorro_dump dumps[2] __attribute__((unused));
#if GARBAGE == 0 /* data from nowhere */
    answer.data.len = 5;
#elif GARBAGE == 1 /* more than there is memory */
    answer.data.ptr = (const uint8_t *)"x";
    answer.data.len = SIZE_MAX;
#elif GARBAGE == 2 /* a status that means nothing */
    answer.status = 7;
#elif GARBAGE == 3 /* too small for an answer */
    answer.struct_size = 8;
#elif GARBAGE == 4 /* too large for anything */
    answer.struct_size = UINT32_MAX;
#elif GARBAGE == 5 /* a kind of error that does not exist */
    answer = bad(4711, "all is lost");
#elif GARBAGE == 6 /* a failure without a kind */
    answer = bad(0, "all is lost");
#elif GARBAGE == 7 /* a message that is not UTF-8 */
    answer = bad(SOCORRO_ERROR_UNAVAILABLE, "all is \xff\xfe lost");
#elif GARBAGE == 8 /* a message from nowhere */
    answer = bad(SOCORRO_ERROR_UNAVAILABLE, "");
    let_go(answer.failure.message);
    answer.failure.message = (socorro_buf){NULL, 99, NULL, NULL};
#elif GARBAGE == 9 /* details that are no JSON */
    answer = bad(SOCORRO_ERROR_UNAVAILABLE, "all is lost");
    answer.failure.details = words("{\"causes\": [");
#elif GARBAGE == 10 /* a document that is no JSON, a catalog neither */
    answer = good_with(words("{\"a\": "));
#elif GARBAGE == 11 /* a document that is not UTF-8 */
    answer = good_with(words("{\"a\": \"\xff\"}"));
#elif GARBAGE == 12 /* nothing at all */
    answer = good();
#elif GARBAGE == 13 /* dumps from nowhere */
    answer.dumps_len = 3;
#elif GARBAGE == 14 /* dumps without end */
    answer.dumps = dumps;
    answer.dumps_len = SIZE_MAX / sizeof(socorro_dump);
#elif GARBAGE == 15 /* a dump with a name that is a path */
    dumps[0].name = (socorro_str)TEXT("../../etc/passwd");
    dumps[0].bytes = words("dump");
    answer.dumps = dumps;
    answer.dumps_len = 1;
#elif GARBAGE == 16 /* a name from nowhere */
    dumps[0].name = (socorro_str){NULL, 4};
    answer.dumps = dumps;
    answer.dumps_len = 1;
#elif GARBAGE == 17 /* one name, two dumps */
    dumps[0].name = dumps[1].name = (socorro_str)TEXT("memory");
    dumps[0].bytes = words("one");
    dumps[1].bytes = words("two");
    answer.dumps = dumps;
    answer.dumps_len = 2;
#elif GARBAGE == 18 /* a name that is not UTF-8 */
    dumps[0].name = (socorro_str)TEXT("mem\xffory");
    answer.dumps = dumps;
    answer.dumps_len = 1;
#endif
    return answer;
}

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    (void)ctx;
    memset(operation, 0, sizeof *operation);
    socorro_answer answer = garbage();
    let_go_of_request(request);
    done.complete(done.ctx, &answer);
}

#define SUBMIT submit
#include "exports.h"
