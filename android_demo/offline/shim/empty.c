/* libm.so, libdl.so and liblog.so: named by the library, and all in libc.so (see bionic.c). */
typedef int nothing;
