/*
 * A storage of crash reports in plain C11: keeps everything in memory, can do all that a storage can.
 *
 *   cc -std=c11 -shared -fPIC -pthread -I include -o libsocorro_plugin_cmemory.so storage.c
 *
 * How it works: submit() puts a job into the queue of its instance, a worker thread of the instance takes the
 * jobs one by one, and every job ends in finish(), on every path. The crashes belong to the worker alone and need
 * no lock; the queues share one, which is static, so that an operation can be cancelled after its instance is gone.
 */
#define _POSIX_C_SOURCE 200809L

#include "socorro_plugin.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes.h"
#include "text.h"

enum { PATH_MAX_LEN = 4096 };

static const socorro_host *host;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

/* ---- instances and jobs ------------------------------------------------------------------------------------ */

/* What the host cancels and releases; outlives the instance. */
typedef struct handle {
  atomic_uint refs;
  atomic_bool cancelled;
} handle;

typedef struct job {
  struct job *next;
  uint32_t operation;
  char id[ID_LEN + 1];
  char name[NAME_MAX_LEN + 1];
  char *text;
  char *directory;
  blob *raw;
  blob *processed;
  dump *dumps;
  uint32_t wrong_kind; /* what was wrong with the request; 0 for nothing */
  const char *wrong;
  socorro_completion done;
  handle *handle;
} job;

typedef struct instance {
  pthread_t worker;
  job *first, **last;
  bool stopping;
  bool paused;        /* the option of that name */
  size_t max_crashes; /* likewise; 0 for no limit */
  size_t count;
  crash *crashes;
} instance;

static void handle_drop(void *ctx) {
  handle *it = ctx;
  if (atomic_fetch_sub(&it->refs, 1) == 1) free(it);
}

static void handle_cancel(void *ctx) {
  handle *it = ctx;
  atomic_store(&it->cancelled, true);
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
}

/* The only place that answers. */
static void finish(job *it, socorro_answer *answer) {
  answer->struct_size = sizeof *answer;
  answer->failure.struct_size = sizeof answer->failure;
  it->done.complete(it->done.ctx, answer);
  blob_drop(it->raw);
  blob_drop(it->processed);
  dumps_free(it->dumps);
  free(it->text);
  free(it->directory);
  if (it->handle != NULL) handle_drop(it->handle);
  free(it);
}

static void finish_ok(job *it, socorro_buf data) {
  socorro_answer answer = {.status = SOCORRO_STATUS_OK, .data = data};
  finish(it, &answer);
}

static socorro_failure failure_of(uint32_t kind, const char *cause, const char *format, va_list arguments) {
  bool item = kind == SOCORRO_ERROR_NOT_FOUND || kind == SOCORRO_ERROR_INVALID_INPUT || kind == SOCORRO_ERROR_CANCELLED;
  socorro_failure failure = {.struct_size = sizeof failure,
                             .kind = kind,
                             .retryable = kind == SOCORRO_ERROR_UNAVAILABLE,
                             .applied = SOCORRO_APPLIED_NO,
                             .scope = item ? SOCORRO_SCOPE_ITEM : SOCORRO_SCOPE_STORE};
  char text[512];
  int len = vsnprintf(text, sizeof text, format, arguments);
  if (len > 0) {
    if ((size_t)len >= sizeof text) len = sizeof text - 1;
    char *copy = strndup(text, (size_t)len);
    if (copy != NULL) failure.message = buf_of(copy, (size_t)len);
  }
  if (cause != NULL) {
    char *json = malloc(strlen(cause) + 32);
    if (json != NULL) {
      int written = sprintf(json, "{\"causes\": [\"%s\"]}", cause);
      failure.details = buf_of(json, (size_t)written);
    }
  }
  return failure;
}

static void finish_failed(job *it, uint32_t kind, const char *cause, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  socorro_answer answer = {.status = SOCORRO_STATUS_FAILED, .failure = failure_of(kind, cause, format, arguments)};
  va_end(arguments);
  finish(it, &answer);
}

static void finish_not_found(job *it, const char *what) {
  finish_failed(it, SOCORRO_ERROR_NOT_FOUND, NULL, "there is no %s", what);
}

static void finish_no_memory(job *it) {
  finish_failed(it, SOCORRO_ERROR_UNAVAILABLE, NULL, "out of memory");
}

static void finish_text(job *it, text *made) {
  if (made->failed) {
    free(made->bytes);
    finish_no_memory(it);
  } else {
    finish_ok(it, buf_of(made->bytes, made->len));
  }
}

/* ---- the operations ---------------------------------------------------------------------------------------- */

/* Reads the dumps that are given as files, which stay only as long as the operation; false when it has failed. */
static bool read_dumps(job *it) {
  for (dump *one = it->dumps; one != NULL; one = one->next) {
    if (one->path == NULL) continue;
    one->bytes = read_file(one->path);
    if (one->bytes == NULL) {
      finish_failed(it, SOCORRO_ERROR_INVALID_INPUT, strerror(errno), "cannot read the dump %s from the file %s",
                    one->name, one->path);
      return false;
    }
  }
  return true;
}

static void save(instance *self, job *it) {
  if (!read_dumps(it)) return;
  crash **place = crash_place(&self->crashes, it->id);
  crash *there = crash_find(&self->crashes, it->id);
  if (there == NULL) {
    if (self->max_crashes != 0 && self->count >= self->max_crashes) {
      finish_failed(it, SOCORRO_ERROR_UNAVAILABLE, NULL, "the storage is full: it holds max_crashes = %zu",
                    self->max_crashes);
      return;
    }
    there = calloc(1, sizeof *there);
    if (there == NULL) {
      finish_no_memory(it);
      return;
    }
    strcpy(there->id, it->id);
    there->next = *place;
    *place = there;
    self->count++;
  }
  if (it->operation != SOCORRO_OP_SAVE_PROCESSED_CRASH) {
    blob_drop(there->raw);
    dumps_free(there->dumps);
    there->raw = it->raw;
    there->dumps = it->dumps;
    it->raw = NULL;
    it->dumps = NULL;
  }
  if (it->operation != SOCORRO_OP_SAVE_RAW_CRASH) {
    blob_drop(there->processed);
    there->processed = it->processed;
    it->processed = NULL;
  }
  finish_ok(it, (socorro_buf){0});
}

static void delete_crash(instance *self, job *it) {
  crash **place = crash_place(&self->crashes, it->id);
  if (crash_find(&self->crashes, it->id) != NULL) {
    crash *gone = *place;
    *place = gone->next;
    self->count--;
    crash_free(gone);
  }
  finish_ok(it, (socorro_buf){0});
}

static void get_document(job *it, blob *document, const char *what) {
  if (document == NULL) {
    finish_not_found(it, what);
  } else {
    finish_ok(it, blob_give(document));
  }
}

static void get_dump(instance *self, job *it) {
  crash *there = crash_find(&self->crashes, it->id);
  for (dump *one = there == NULL ? NULL : there->dumps; one != NULL; one = one->next) {
    if (strcmp(one->name, it->name) == 0) {
      finish_ok(it, blob_give(one->bytes));
      return;
    }
  }
  finish_not_found(it, "such dump");
}

static bool write_file(const char *path, socorro_buf bytes) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return false;
  bool written = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
  return (fclose(file) == 0) && written;
}

static void get_dumps(instance *self, job *it) {
  crash *there = crash_find(&self->crashes, it->id);
  if (there == NULL || there->raw == NULL) {
    finish_not_found(it, "raw crash");
    return;
  }
  bool as_files = it->operation == SOCORRO_OP_GET_DUMPS_AS_FILES;
  size_t count = 0;
  for (dump *one = there->dumps; one != NULL; one = one->next) count++;
  socorro_dump *dumps = calloc(count + 1, sizeof *dumps);
  char(*paths)[PATH_MAX_LEN] = calloc(count + 1, sizeof *paths);
  const char *failed = dumps == NULL || paths == NULL ? "out of memory" : NULL;
  size_t filled = 0;
  for (dump *one = there->dumps; one != NULL && failed == NULL; one = one->next, filled++) {
    dumps[filled].name = (socorro_str){(const uint8_t *)one->name, strlen(one->name)};
    if (!as_files) {
      dumps[filled].bytes = blob_give(one->bytes);
      continue;
    }
    int len = snprintf(paths[filled], PATH_MAX_LEN, "%s/%s.%s.dump", it->directory, it->id, one->name);
    if (len < 0 || len >= PATH_MAX_LEN) {
      failed = "the path is too long";
    } else if (!write_file(paths[filled], one->bytes->buf)) {
      failed = strerror(errno);
    }
    dumps[filled].path = (socorro_str){(const uint8_t *)paths[filled], (size_t)len};
  }
  if (failed == NULL) {
    socorro_answer answer = {.status = SOCORRO_STATUS_OK, .dumps = dumps, .dumps_len = count};
    finish(it, &answer);
  } else {
    /* Only files can have failed half way: what was written until then goes again. */
    for (size_t place = 0; as_files && paths != NULL && place <= filled && place < count; place++) remove(paths[place]);
    finish_failed(it, SOCORRO_ERROR_UNAVAILABLE, failed, "cannot write the dumps to %s", it->directory);
  }
  free(dumps);
  free(paths);
}

static void catalog(instance *self, job *it) {
  crash *there = crash_find(&self->crashes, it->id);
  text json = {0};
  const char *separator = "";
  text_add(&json, "{\"entries\": [");
  if (there != NULL && there->raw != NULL) {
    text_add(&json, "{\"part\": \"raw_crash\", \"size\": %zu}", there->raw->buf.len);
    separator = ", ";
  }
  for (dump *one = there == NULL ? NULL : there->dumps; one != NULL; one = one->next) {
    text_add(&json, "%s{\"part\": {\"dump\": \"%s\"}, \"size\": %zu}", separator, one->name, one->bytes->buf.len);
    separator = ", ";
  }
  if (there != NULL && there->processed != NULL) {
    text_add(&json, "%s{\"part\": \"processed_crash\", \"size\": %zu}", separator, there->processed->buf.len);
  }
  text_add(&json, "]}");
  finish_text(it, &json);
}

static void list(instance *self, job *it) {
  char from[11], to[11], after[ID_LEN + 1] = "";
  const char *limit_text = json_value(it->text, "limit");
  if (!json_text(it->text, "from", from, 10) || !json_text(it->text, "to", to, 10) || limit_text == NULL) {
    finish_failed(it, SOCORRO_ERROR_INVALID_INPUT, NULL, "a list needs from, to and limit");
    return;
  }
  json_text(it->text, "after", after, ID_LEN);
  unsigned long limit = strtoul(limit_text, NULL, 10);
  /* YYYY-MM-DD as the YYMMDD that ids end in. */
  char first[DAY_LEN + 1], last[DAY_LEN + 1];
  snprintf(first, sizeof first, "%.2s%.2s%.2s", from + 2, from + 5, from + 8);
  snprintf(last, sizeof last, "%.2s%.2s%.2s", to + 2, to + 5, to + 8);

  text json = {0};
  unsigned long given = 0;
  bool more = false;
  text_add(&json, "{\"ids\": [");
  for (crash *one = self->crashes; one != NULL && !more; one = one->next) {
    bool wanted = strncmp(day_of(one->id), first, DAY_LEN) >= 0 && strncmp(day_of(one->id), last, DAY_LEN) <= 0 &&
                  (after[0] == '\0' || compare_ids(one->id, after) > 0);
    if (!wanted) continue;
    more = given == limit;
    if (!more) text_add(&json, "%s\"%s\"", given++ == 0 ? "" : ", ", one->id);
  }
  text_add(&json, "], \"more\": %s}", more && limit > 0 ? "true" : "false");
  finish_text(it, &json);
}

static void health(job *it) {
  static const char ok[] = "{\"reachable\": \"ok\", \"authenticated\": \"ok\", \"writable\": \"ok\"}";
  /* Static: nothing to release. */
  finish_ok(it, (socorro_buf){(const uint8_t *)ok, sizeof ok - 1, NULL, NULL});
}

static void run(instance *self, job *it) {
  crash *there = crash_find(&self->crashes, it->id);
  if (it->wrong_kind != 0) {
    finish_failed(it, it->wrong_kind, NULL, "%s", it->wrong);
    return;
  }
  switch (it->operation) {
    case SOCORRO_OP_SAVE_RAW_CRASH:
    case SOCORRO_OP_SAVE_PROCESSED_CRASH:
    case SOCORRO_OP_SAVE_RAW_AND_PROCESSED: save(self, it); break;
    case SOCORRO_OP_GET_RAW_CRASH: get_document(it, there == NULL ? NULL : there->raw, "raw crash"); break;
    case SOCORRO_OP_GET_PROCESSED_CRASH:
      get_document(it, there == NULL ? NULL : there->processed, "processed crash");
      break;
    case SOCORRO_OP_GET_DUMP: get_dump(self, it); break;
    case SOCORRO_OP_GET_DUMPS:
    case SOCORRO_OP_GET_DUMPS_AS_FILES: get_dumps(self, it); break;
    case SOCORRO_OP_CATALOG: catalog(self, it); break;
    case SOCORRO_OP_LIST: list(self, it); break;
    case SOCORRO_OP_DELETE: delete_crash(self, it); break;
    case SOCORRO_OP_HEALTH: health(it); break;
    case SOCORRO_OP_CLOSE: finish_ok(it, (socorro_buf){0}); break;
    default: finish_failed(it, SOCORRO_ERROR_UNSUPPORTED, NULL, "there is no operation %u", (unsigned)it->operation);
  }
}

/* Takes the next job that can be dealt with, waiting for it; NULL when the instance is to end. */
static job *next_job(instance *self, bool *cancelled) {
  job *found = NULL;
  pthread_mutex_lock(&lock);
  for (;;) {
    for (job **place = &self->first; *place != NULL; place = &(*place)->next) {
      *cancelled = self->stopping || ((*place)->handle != NULL && atomic_load(&(*place)->handle->cancelled));
      if (!*cancelled && self->paused) continue;
      found = *place;
      *place = found->next;
      if (*place == NULL) self->last = place;
      break;
    }
    if (found != NULL || self->stopping) break;
    pthread_cond_wait(&wake, &lock);
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static void *work(void *ctx) {
  instance *self = ctx;
  bool cancelled = false;
  for (job *it; (it = next_job(self, &cancelled)) != NULL;) {
    if (cancelled) {
      finish_failed(it, SOCORRO_ERROR_CANCELLED, NULL, "given up before it began");
    } else {
      run(self, it);
    }
  }
  return NULL;
}

/* ---- the functions of the table ---------------------------------------------------------------------------- */

static void wrong(job *it, uint32_t kind, const char *what) {
  if (it->wrong_kind != 0) return;
  it->wrong_kind = kind;
  it->wrong = what;
}

/* Takes every buffer of the request over, whatever else is wrong with it. */
static void take_dumps(job *it, const socorro_request *request) {
  dump **last = &it->dumps;
  for (size_t place = 0; place < request->dumps_len; place++) {
    socorro_dump from = request->dumps[place];
    dump *made = calloc(1, sizeof *made);
    char *path = copy_text(from.path);
    bool fits = from.name.len <= NAME_MAX_LEN;
    if (made == NULL || path == NULL || !fits) {
      wrong(it, fits ? SOCORRO_ERROR_UNAVAILABLE : SOCORRO_ERROR_INVALID_INPUT, "cannot take a dump");
      buf_release(from.bytes);
      free(made);
    } else {
      memcpy(made->name, from.name.ptr, from.name.len);
      if (from.path.len == 0) {
        made->bytes = blob_take(from.bytes);
        if (made->bytes == NULL) wrong(it, SOCORRO_ERROR_UNAVAILABLE, "out of memory");
      } else {
        made->path = path;
        path = NULL;
      }
      *last = made;
      last = &made->next;
    }
    free(path);
  }
}

static void enqueue(instance *self, job *it) {
  pthread_mutex_lock(&lock);
  *self->last = it;
  self->last = &it->next;
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
}

static void submit(void *ctx, const socorro_request *request, socorro_completion done, socorro_operation *operation) {
  instance *self = ctx;
  job *it = calloc(1, sizeof *it);
  *operation = (socorro_operation){0};
  if (it == NULL) {
    socorro_answer answer = {.struct_size = sizeof answer,
                             .status = SOCORRO_STATUS_FAILED,
                             .failure = {.struct_size = sizeof answer.failure, .kind = SOCORRO_ERROR_UNAVAILABLE}};
    buf_release(request->raw_crash);
    buf_release(request->processed_crash);
    for (size_t place = 0; place < request->dumps_len; place++) buf_release(request->dumps[place].bytes);
    done.complete(done.ctx, &answer);
    return;
  }
  it->operation = request->operation;
  it->done = done;
  it->raw = blob_take(request->raw_crash);
  it->processed = blob_take(request->processed_crash);
  take_dumps(it, request);
  it->text = copy_text(request->text);
  it->directory = copy_text(request->directory);
  if (it->raw == NULL || it->processed == NULL || it->text == NULL || it->directory == NULL) {
    wrong(it, SOCORRO_ERROR_UNAVAILABLE, "out of memory");
  }
  if ((request->crash_id.len != 0 && request->crash_id.len != ID_LEN) || request->name.len > NAME_MAX_LEN) {
    wrong(it, SOCORRO_ERROR_INVALID_INPUT, "that is no id or no name of a dump");
  } else {
    if (request->crash_id.len != 0) memcpy(it->id, request->crash_id.ptr, ID_LEN);
    if (request->name.len != 0) memcpy(it->name, request->name.ptr, request->name.len);
  }
  it->handle = malloc(sizeof *it->handle);
  if (it->handle != NULL) {
    /* One for the job, one for the host. */
    atomic_init(&it->handle->refs, 2);
    atomic_init(&it->handle->cancelled, false);
    *operation = (socorro_operation){it->handle, handle_cancel, handle_drop};
  }
  enqueue(self, it);
}

static uint32_t refuse(socorro_failure *failure, uint32_t kind, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *failure = failure_of(kind, NULL, format, arguments);
  va_end(arguments);
  return 1;
}

static void say(uint32_t level, const char *message, size_t len) {
  socorro_log_record record = {.struct_size = sizeof record,
                               .level = level,
                               .target = SOCORRO_STR("cmemory::storage"),
                               .message = {(const uint8_t *)message, len},
                               .file = SOCORRO_STR(__FILE__),
                               .line = __LINE__};
  if (__atomic_load_n(host->log_level, __ATOMIC_RELAXED) >= level) host->log(host->ctx, &record);
}

static uint32_t create(const socorro_create *arguments, socorro_instance *made, socorro_failure *failure) {
  char *options = copy_text(arguments->options);
  instance *self = calloc(1, sizeof *self);
  if (options == NULL || self == NULL) {
    free(options);
    free(self);
    return refuse(failure, SOCORRO_ERROR_UNAVAILABLE, "out of memory");
  }
  /* The host has checked the options against our schema. */
  const char *paused = json_value(options, "paused");
  const char *max = json_value(options, "max_crashes");
  self->paused = paused != NULL && strncmp(paused, "true", 4) == 0;
  self->max_crashes = max == NULL ? 0 : strtoul(max, NULL, 10);
  self->last = &self->first;
  free(options);
  if (max != NULL && self->max_crashes == 0) {
    free(self);
    return refuse(failure, SOCORRO_ERROR_INVALID_CONFIG, "max_crashes has to be at least 1");
  }
  if (pthread_create(&self->worker, NULL, work, self) != 0) {
    free(self);
    return refuse(failure, SOCORRO_ERROR_UNAVAILABLE, "cannot start a thread");
  }
  char message[128];
  int len = snprintf(message, sizeof message, "storage ready max_crashes=%zu", self->max_crashes);
  say(SOCORRO_LOG_INFO, message, (size_t)len);
  made->ctx = self;
  made->capabilities = SOCORRO_CAN_SAVE_RAW | SOCORRO_CAN_SAVE_PROCESSED | SOCORRO_CAN_GET_RAW |
                       SOCORRO_CAN_GET_DUMPS | SOCORRO_CAN_GET_PROCESSED | SOCORRO_CAN_CATALOG | SOCORRO_CAN_LIST |
                       SOCORRO_CAN_DELETE;
  return 0;
}

static uint32_t destroy(void *ctx, uint64_t timeout_ms) {
  instance *self = ctx;
  (void)timeout_ms; /* the worker is never long in one job */
  pthread_mutex_lock(&lock);
  self->stopping = true;
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  pthread_join(self->worker, NULL);
  while (self->crashes != NULL) {
    crash *next = self->crashes->next;
    crash_free(self->crashes);
    self->crashes = next;
  }
  free(self);
  return 0;
}

static const socorro_table table = {
    .struct_size = sizeof table, .create = create, .submit = submit, .destroy = destroy};

static const char schema[] =
    "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": \"object\","
    " \"additionalProperties\": false, \"properties\": {"
    "\"max_crashes\": {\"type\": \"integer\", \"minimum\": 1,"
    " \"description\": \"The most crashes it holds; no limit by default.\"},"
    "\"paused\": {\"type\": \"boolean\", \"default\": false,"
    " \"description\": \"Takes operations and does none, until they are cancelled.\"}}}";

static socorro_plugin plugin = {.struct_size = sizeof plugin,
                                .abi_major = SOCORRO_ABI_MAJOR,
                                .abi_minor = SOCORRO_ABI_MINOR,
                                .kinds = SOCORRO_KIND_STORAGE,
                                .table = &table};

SOCORRO_PLUGIN_NOTE(cmemory);

SOCORRO_PLUGIN_ENTRY(cmemory)(const socorro_host *from, socorro_failure *failure) {
  if (from->abi_major != SOCORRO_ABI_MAJOR) {
    refuse(failure, SOCORRO_ERROR_UNSUPPORTED, "the host speaks version %u of the interface, this is %u",
           (unsigned)from->abi_major, (unsigned)SOCORRO_ABI_MAJOR);
    return NULL;
  }
  host = from;
  plugin.capabilities = SOCORRO_CAN_SAVE_RAW | SOCORRO_CAN_SAVE_PROCESSED | SOCORRO_CAN_GET_RAW |
                        SOCORRO_CAN_GET_DUMPS | SOCORRO_CAN_GET_PROCESSED | SOCORRO_CAN_CATALOG | SOCORRO_CAN_LIST |
                        SOCORRO_CAN_DELETE;
  plugin.name = SOCORRO_STR("cmemory");
  plugin.version = SOCORRO_STR("0.1.0");
  plugin.build = SOCORRO_STR("C11");
  plugin.storage_options = (socorro_str){(const uint8_t *)schema, sizeof schema - 1};
  return &plugin;
}
