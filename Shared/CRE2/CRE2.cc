#include "CRE2.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace {

cre2_error reason(RE2::ErrorCode code) {
    switch (code) {
        case RE2::NoError: return cre2_none;
        case RE2::ErrorBadEscape: return cre2_bad_escape;
        case RE2::ErrorBadCharClass: return cre2_bad_class;
        case RE2::ErrorBadCharRange: return cre2_bad_range;
        case RE2::ErrorMissingBracket: return cre2_missing_bracket;
        case RE2::ErrorMissingParen: return cre2_missing_parenthesis;
        case RE2::ErrorUnexpectedParen: return cre2_unexpected_parenthesis;
        case RE2::ErrorTrailingBackslash: return cre2_trailing_backslash;
        case RE2::ErrorRepeatArgument: return cre2_missing_repeat_argument;
        case RE2::ErrorRepeatSize: return cre2_bad_repeat_size;
        case RE2::ErrorRepeatOp: return cre2_bad_repeat_operator;
        case RE2::ErrorBadPerlOp: return cre2_bad_perl_operator;
        case RE2::ErrorBadUTF8: return cre2_bad_utf8;
        case RE2::ErrorBadNamedCapture: return cre2_bad_capture_name;
        case RE2::ErrorPatternTooLarge: return cre2_too_large;
        default: return cre2_internal;
    }
}

}  // namespace

struct cre2_expression {
    RE2 re;
    cre2_expression(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options) {}
};

extern "C" cre2_expression *cre2_compile(const char *pattern, size_t length, int64_t memory_max, cre2_error *error,
                                         char *fragment, size_t *fragment_length) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(memory_max);
    auto *expression = new (std::nothrow) cre2_expression(re2::StringPiece(pattern, length), options);
    if (expression == nullptr) {
        *error = cre2_internal;
        *fragment_length = 0;
        return nullptr;
    }
    *error = reason(expression->re.error_code());
    if (expression->re.ok()) return expression;
    const std::string &part = expression->re.error_arg();
    *fragment_length = std::min(*fragment_length, part.size());
    std::memcpy(fragment, part.data(), *fragment_length);
    delete expression;
    return nullptr;
}

extern "C" int cre2_matches(const cre2_expression *expression, const char *text, size_t length) {
    return expression->re.Match(re2::StringPiece(text, length), 0, length, RE2::UNANCHORED, nullptr, 0) ? 1 : 0;
}

extern "C" void cre2_free(cre2_expression *expression) { delete expression; }
