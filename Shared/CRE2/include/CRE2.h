// RE2 (https://github.com/google/re2) for Swift: the few calls the suite needs, without C++ in the interface.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A compiled expression. Matching does not change it in a way that others can see: threads may share one.
typedef struct cre2_expression cre2_expression;

// Why an expression is refused.
typedef enum {
    cre2_none = 0,
    cre2_bad_escape,
    cre2_bad_class,
    cre2_bad_range,
    cre2_missing_bracket,
    cre2_missing_parenthesis,
    cre2_unexpected_parenthesis,
    cre2_trailing_backslash,
    cre2_missing_repeat_argument,
    cre2_bad_repeat_size,
    cre2_bad_repeat_operator,
    cre2_bad_perl_operator,
    cre2_bad_utf8,
    cre2_bad_capture_name,
    cre2_too_large,
    cre2_internal
} cre2_error;

// Compiles a pattern in RE2's syntax, which is Go's. The expression may take memory_max bytes with its caches.
// Returns NULL when it is refused; then error says why and fragment_length bytes of fragment name the part.
cre2_expression *cre2_compile(const char *pattern, size_t length, int64_t memory_max, cre2_error *error,
                              char *fragment, size_t *fragment_length);
// Whether the expression is found in the text, which may hold zero bytes. Takes time in proportion to the text.
int cre2_matches(const cre2_expression *expression, const char *text, size_t length);
void cre2_free(cre2_expression *expression);

#ifdef __cplusplus
}
#endif
