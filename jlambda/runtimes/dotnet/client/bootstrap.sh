#!/bin/sh
# Starts the CLR for a function. Usage: bootstrap.sh DOTNET
# A package from `dotnet publish` brings its own list of assemblies and its own frameworks.
assembly=${_HANDLER%%::*}
if [ "$assembly" = "$_HANDLER" ]; then
    # a program that has AWS's runtime client within
    exec "$1" exec "$LAMBDA_TASK_ROOT/$assembly.dll"
fi
# the CLR itself, its code and the framework's take some 50 MB
DOTNET_GCHeapHardLimit=$(printf '%x' $(((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 85 / 100 - 48) << 20)))
export DOTNET_GCHeapHardLimit
runtime=$LAMBDA_RUNTIME_DIR/bootstrap
set -- "$1" exec --runtimeconfig "$LAMBDA_TASK_ROOT/$assembly.runtimeconfig.json" --depsfile "$LAMBDA_TASK_ROOT/$assembly.deps.json"
if ! [ -f "$4" ]; then set -- "$1" exec --runtimeconfig "$runtime.runtimeconfig.json"; fi
if [ "$5" ] && ! [ -f "$6" ]; then set -- "$1" "$2" "$3" "$4"; fi
exec "$@" "$runtime.dll"
