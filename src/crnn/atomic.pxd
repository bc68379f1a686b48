"""What several threads may touch at once: latches, and numbers that one thread writes and others read.

A latch is an int, 0 at first. Whoever takes it is alone until it is opened; who finds it taken does not
wait. A published number is seen as it was written before or as it is now, never as half of both. Nothing
here needs the GIL, and nothing may rely on it: there are Pythons without one.
"""

cdef extern from *:
    """
    #if defined(_MSC_VER) && !defined(__clang__)
    #error "crnn is compiled by GCC, clang, clang-cl or zig cc"
    #endif
    static inline int crnn_take(int *latch)
    {
        return __atomic_exchange_n(latch, 1, __ATOMIC_ACQUIRE) == 0;
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
    void open_latch "crnn_open"(int* latch) noexcept nogil
    void publish_count "crnn_publish_count"(Py_ssize_t* to, Py_ssize_t value) noexcept nogil
    Py_ssize_t published_count "crnn_published_count"(const Py_ssize_t* of) noexcept nogil
    void publish "crnn_publish"(double* to, double value) noexcept nogil
    double published "crnn_published"(const double* of) noexcept nogil
