"""What several threads may touch at once: latches, and numbers that one thread writes and others read.

A latch is an int, 0 at first. Whoever takes it is alone until it is opened; who finds it taken does not
wait. What was taken for a block (of a with statement) is opened as of a block; to open as of a block what
was taken otherwise does nothing. What was taken in a process is open in those that are forked off it, where
nobody would ever open it: for what may be left in any condition. A published number is seen as it was
written before or as it is now, never as half of both. Nothing here needs the GIL, and nothing may rely on
it: there are Pythons without one.
"""

cdef extern from *:
    """
    #if defined(_MSC_VER) && !defined(__clang__)
    #error "crnn is compiled by GCC, clang, clang-cl or zig cc"
    #endif
    static inline int crnn_change(int *latch, int from, int to)
    {
        return __atomic_compare_exchange_n(latch, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    static inline int crnn_take(int *latch) { return crnn_change(latch, 0, 1); }
    static inline int crnn_take_for_block(int *latch) { return crnn_change(latch, 0, 2); }
    static inline void crnn_open_of_block(int *latch) { crnn_change(latch, 2, 0); }
    static inline int crnn_take_in_process(int *latch, int process)
    {
        int holder = __atomic_load_n(latch, __ATOMIC_RELAXED);
        return holder != process && crnn_change(latch, holder, process);
    }
    static inline void crnn_open(int *latch) { __atomic_store_n(latch, 0, __ATOMIC_RELEASE); }
    static inline void crnn_publish_count(Py_ssize_t *to, Py_ssize_t value)
    {
        __atomic_store(to, &value, __ATOMIC_RELAXED);
    }
    static inline Py_ssize_t crnn_published_count(const Py_ssize_t *of)
    {
        Py_ssize_t value;
        __atomic_load(of, &value, __ATOMIC_RELAXED);
        return value;
    }
    static inline void crnn_publish(double *to, double value)
    {
        __atomic_store(to, &value, __ATOMIC_RELAXED);
    }
    static inline double crnn_published(const double *of)
    {
        double value;
        __atomic_load(of, &value, __ATOMIC_RELAXED);
        return value;
    }
    """
    bint take_latch "crnn_take"(int* latch) noexcept nogil
    bint take_latch_for_block "crnn_take_for_block"(int* latch) noexcept nogil
    void open_latch_of_block "crnn_open_of_block"(int* latch) noexcept nogil
    bint take_latch_in_process "crnn_take_in_process"(int* latch, int process) noexcept nogil
    void open_latch "crnn_open"(int* latch) noexcept nogil
    void publish_count "crnn_publish_count"(Py_ssize_t* to, Py_ssize_t value) noexcept nogil
    Py_ssize_t published_count "crnn_published_count"(const Py_ssize_t* of) noexcept nogil
    void publish "crnn_publish"(double* to, double value) noexcept nogil
    double published "crnn_published"(const double* of) noexcept nogil
