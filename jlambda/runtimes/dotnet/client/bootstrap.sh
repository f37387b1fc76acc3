#!/bin/sh
# Starts the CLR for a function. Usage: bootstrap.sh DOTNET TASK_ROOT
dotnet=$1
assembly=${_HANDLER%%::*}
if [ "$assembly" = "$_HANDLER" ]; then
    # a program that has AWS's runtime client within
    exec "$dotnet" exec "$2/$assembly.dll"
fi
# the CLR itself, its code and the framework's take some 50 MB
DOTNET_GCHeapHardLimit=$(printf '%x' $(((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 85 / 100 - 48) << 20)))
export DOTNET_GCHeapHardLimit
runtime=${0%/*}/bootstrap
config=$2/$assembly.runtimeconfig.json
assemblies=$2/$assembly.deps.json
# a package from `dotnet publish` brings its own list of assemblies and its own frameworks
if ! [ -f "$config" ]; then config=$runtime.runtimeconfig.json; fi
if [ -f "$assemblies" ]; then exec "$dotnet" exec --runtimeconfig "$config" --depsfile "$assemblies" "$runtime.dll"; fi
exec "$dotnet" exec --runtimeconfig "$config" "$runtime.dll"
