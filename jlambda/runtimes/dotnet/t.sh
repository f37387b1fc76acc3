t () 
{ 
    cd /tmp/lang/net;
    rm -rf src$1 src$1m;
    cp -r /work/trees/lang/jlambda/runtimes/dotnet/client src$1;
    ./build.sh src$1 v$1;
    cp -r src$1 src$1m;
    python3 addmarks.py /tmp/lang/net/src$1m;
    ./build.sh src$1m v$1m;
    timeout 60 chrt -r 1 /work/venvs/lang/bin/python run.py 2 base=/tmp/lang/net/v$1m 2>&1 | tail -19 | head -17;
    timeout 60 chrt -r 1 /work/venvs/lang/bin/python run.py 12 b=/tmp/lang/net/base v$1=/tmp/lang/net/v$1
}
