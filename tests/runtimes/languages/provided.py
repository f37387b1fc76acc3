"""bash, on a custom runtime, in the table of behaviours. (JSON is cut with bash's own means: the events are known.)"""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = r"""
count=0
kept=${TMPDIR:-/tmp}/kept

member() { local rest=${1#*\"$2\":}; rest=${rest# }; printf '%s' "${rest%\}}"; }
text() { local found; found=$(member "$@"); found=${found#\"}; printf '%s' "${found%%\"*}"; }

handler() {
  case $(text "$1" do) in
    echo) member "$1" value ;;
    error) echo boom >&2; return 1 ;;
    async_error) (sleep 0.001; exit 1) & wait $! || { echo boom >&2; return 1; } ;;
    sleep) sleep "$(member "$1" seconds)"; echo null ;;
    eat) local eaten=x; while :; do eaten=$eaten$eaten; done ;;
    exit) exit 3 ;;
    print) echo 'to stdout é' >&2; echo 'to stderr' >&2; echo null ;;
    environment) local name; name=$(text "$1" name); if [ -v "$name" ]; then printf '"%s"' "${!name}"; else echo null; fi ;;
    count) count=$((count + 1)); echo "$count" ;;
    tmp) if [ -f "$kept" ]; then printf '"%s"' "$(<"$kept")"; else echo null; fi; text "$1" value >"$kept" ;;
    context) printf '{"request_id": "%s", "function": "%s", "version": "%s", "memory": "%s", "arn": "%s", "remaining_ms": %d' \
      "$request_id" "$AWS_LAMBDA_FUNCTION_NAME" "$AWS_LAMBDA_FUNCTION_VERSION" "$AWS_LAMBDA_FUNCTION_MEMORY_SIZE" \
      "$invoked_function_arn" "$((deadline_ms - ${EPOCHREALTIME/./} / 1000))"
      printf ', "log_group": "%s", "log_stream": "%s"}' "$AWS_LAMBDA_LOG_GROUP_NAME" "$AWS_LAMBDA_LOG_STREAM_NAME" ;;
  esac
}
"""

SOURCES = Sources(
    "bash",
    _HANDLER,
    "echo 'no luck' >&2\nfalse\n",
    "Runtime.ExitStatus",
    "Runtime.ImportModuleError",
    "handler ended with exit status 1",
    "function.sh ended with exit status 1",
)
