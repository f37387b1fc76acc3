#!/bin/sh
# Starts the CLR for a function. Usage: bootstrap.sh DOTNET TASK_ROOT
dotnet=$1
assembly=${_HANDLER%%::*}
if [ "$assembly" = "$_HANDLER" ]; then
    # a program that has AWS's runtime client within
    exec "$dotnet" exec "$2/$assembly.dll"
fi
# the CLR itself, its code and the framework's take some 50 MB; hexadecimal without a process for printf
left=$((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 85 / 100 - 48))
DOTNET_GCHeapHardLimit=00000
while [ $left -gt 0 ]; do
    case $((left % 16)) in
        10) digit=a ;; 11) digit=b ;; 12) digit=c ;; 13) digit=d ;; 14) digit=e ;; 15) digit=f ;;
        *) digit=$((left % 16)) ;;
    esac
    DOTNET_GCHeapHardLimit=$digit$DOTNET_GCHeapHardLimit
    left=$((left / 16))
done
export DOTNET_GCHeapHardLimit
runtime=${0%/*}/bootstrap
config=$2/$assembly.runtimeconfig.json
assemblies=$2/$assembly.deps.json
# a package from `dotnet publish` brings its own list of assemblies and its own frameworks
if ! [ -f "$config" ]; then config=$runtime.runtimeconfig.json; fi
if [ -f "$assemblies" ]; then exec "$dotnet" exec --runtimeconfig "$config" --depsfile "$assemblies" "$runtime.dll"; fi
# its own copies of the shims' assemblies go before ours
if ! [ -f "$2/Amazon.Lambda.Core.dll" ]; then runtime=${0%/*}/together/bootstrap; fi
exec "$dotnet" exec --runtimeconfig "$config" "$runtime.dll"
