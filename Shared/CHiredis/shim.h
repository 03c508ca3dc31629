#include <hiredis/hiredis.h>
#include <sys/eventfd.h>

/* The text of the context's last error; an array in a struct is a tuple in Swift. */
static inline const char *plimsoll_redis_error(const redisContext *context) { return context->errstr; }

/* A descriptor that wakes a thread out of poll(); Glibc's module leaves eventfd out. */
static inline int plimsoll_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
