/*
 * Executes a .tflite file through TFLite's C API, from a library that is opened at run time.
 *
 *     run_model LIBRARY MODEL OUTPUT NAME=FILE...
 *
 * Each NAME is an input of the model's signature, FILE its raw numbers; the first output's raw
 * numbers are written to the file OUTPUT. Says the runtime's version and the milliseconds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Android's code for arm64 keeps the stack guard at the thread pointer + 0x28, which is where a
 * program's own thread-local variables begin here: this one keeps them away, so that the guard
 * stays what it was.
 */
static __thread volatile char guard[256];

static const char SIGNATURE[] = "serving_default";
enum { THREADS = 2 };

static _Noreturn void fail(const char *what, const char *name) {
    fprintf(stderr, "run_model: %s: %s\n", what, name);
    exit(1);
}

static void *library;

static void *function(const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        fail("the library has no", name);
    }
    return found;
}

/* Reads exactly so many bytes. */
static void read_file(const char *path, void *data, size_t size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail("cannot read", path);
    }
    size_t got = fread(data, 1, size, file);
    if (got != size || fgetc(file) != EOF) {
        fprintf(stderr, "run_model: the input has %zu bytes\n", size);
        fail("another size than the input has", path);
    }
    fclose(file);
}

static void write_file(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fail("cannot write", path);
    }
}

static void check(int status, const char *what) {
    if (status != 0) {
        fail("failed", what);
    }
}

int main(int count, char **arguments) {
    if (count < 5) {
        fprintf(stderr, "usage: run_model LIBRARY MODEL OUTPUT NAME=FILE...\n");
        return 2;
    }
    guard[0] = 0;
    library = dlopen(arguments[1], RTLD_NOW);
    if (library == NULL) {
        fail("cannot load", dlerror());
    }
    const char *(*version)(void) = function("TfLiteVersion");
    void *(*model_from_file)(const char *) = function("TfLiteModelCreateFromFile");
    void *(*make_options)(void) = function("TfLiteInterpreterOptionsCreate");
    void (*set_threads)(void *, int32_t) = function("TfLiteInterpreterOptionsSetNumThreads");
    void *(*make_interpreter)(void *, void *) = function("TfLiteInterpreterCreate");
    void *(*signature_runner)(void *, const char *) = function("TfLiteInterpreterGetSignatureRunner");
    int (*allocate)(void *) = function("TfLiteSignatureRunnerAllocateTensors");
    void *(*input)(void *, const char *) = function("TfLiteSignatureRunnerGetInputTensor");
    int (*invoke)(void *) = function("TfLiteSignatureRunnerInvoke");
    const char *(*output_name)(void *, int32_t) = function("TfLiteSignatureRunnerGetOutputName");
    void *(*output)(void *, const char *) = function("TfLiteSignatureRunnerGetOutputTensor");
    size_t (*size)(const void *) = function("TfLiteTensorByteSize");
    void *(*data)(const void *) = function("TfLiteTensorData");

    void *model = model_from_file(arguments[2]);
    if (model == NULL) {
        fail("not a model", arguments[2]);
    }
    void *options = make_options();
    set_threads(options, THREADS);
    void *interpreter = make_interpreter(model, options);
    if (interpreter == NULL) {
        fail("cannot execute", arguments[2]);
    }
    void *runner = signature_runner(interpreter, SIGNATURE);
    if (runner == NULL) {
        fail("no signature", SIGNATURE);
    }
    check(allocate(runner), "allocation of tensors");
    for (int i = 4; i < count; i++) {
        char *name = arguments[i];
        char *path = strchr(name, '=');
        if (path == NULL) {
            fail("not NAME=FILE", name);
        }
        *path++ = '\0';
        void *tensor = input(runner, name);
        if (tensor == NULL) {
            fail("no such input", name);
        }
        read_file(path, data(tensor), size(tensor));
    }
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    check(invoke(runner), "the model's execution");
    clock_gettime(CLOCK_MONOTONIC, &after);
    const void *result = output(runner, output_name(runner, 0));
    write_file(arguments[3], data(result), size(result));
    printf("TFLite %s, %.0f ms\n", version(),
           (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6);
    return 0;
}
