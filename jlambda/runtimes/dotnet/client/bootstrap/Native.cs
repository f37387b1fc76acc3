// A socket and the standard streams by the system's own calls: the classes of System.Net.Sockets take 10 ms of each cold
// start, the streams of System.Console 5.

using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Jlambda
{
    internal static unsafe class Native
    {
        // <sys/socket.h>, <netinet/tcp.h> and <errno.h> of Linux
        private const int AfInet = 2;
        private const int SockStream = 1;
        private const int SockCloexec = 0x80000;
        private const int IpprotoTcp = 6;
        private const int TcpNodelay = 1;
        private const int MsgNosignal = 0x4000;
        private const int Eintr = 4;

        /// <summary>A connected socket; `host` is an IPv4 address.</summary>
        public static int Connect(string host, int port)
        {
            var made = socket(AfInet, SockStream | SockCloexec, 0);
            var target = new byte[16];
            target[0] = AfInet;
            target[2] = (byte)(port >> 8);
            target[3] = (byte)port;
            var parts = host.Split('.');
            for (var i = 0; i < parts.Length; i++)
            {
                target[4 + i] = byte.Parse(parts[i]);
            }
            int failed;
            fixed (byte* address = target)
            {
                failed = connect(made, address, target.Length);
            }
            if (made < 0 || failed < 0)
            {
                throw new IOException("the Runtime API at " + host + " cannot be reached: error " + Marshal.GetLastSystemError());
            }
            var isSet = 1;
            setsockopt(made, IpprotoTcp, TcpNodelay, &isSet, sizeof(int));
            return made;
        }

        /// <summary>How many of the bytes have been sent.</summary>
        public static int Send(int socket, ReadOnlySpan<byte> bytes)
        {
            while (true)
            {
                nint sent;
                fixed (byte* first = bytes)
                {
                    sent = send(socket, first, bytes.Length, MsgNosignal);
                }
                if (sent >= 0)
                {
                    return (int)sent;
                }
                if (Marshal.GetLastSystemError() != Eintr)
                {
                    throw new EndOfStreamException("the Runtime API has closed the connection");
                }
            }
        }

        /// <summary>How many bytes have come; none when the connection is closed.</summary>
        public static int Receive(int socket, Span<byte> into)
        {
            while (true)
            {
                nint got;
                fixed (byte* first = into)
                {
                    got = recv(socket, first, into.Length, 0);
                }
                if (got >= 0 || Marshal.GetLastSystemError() != Eintr)
                {
                    return Math.Max(0, (int)got);
                }
            }
        }

        /// <summary>Writes all of the bytes; what cannot be written is lost, as it is for who prints.</summary>
        public static void Write(int descriptor, ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                nint written;
                fixed (byte* first = bytes)
                {
                    written = write(descriptor, first, bytes.Length);
                }
                if (written >= 0)
                {
                    bytes = bytes.Slice((int)written);
                }
                else if (Marshal.GetLastSystemError() != Eintr)
                {
                    return;
                }
            }
        }

        [DllImport("libc")]
        private static extern int socket(int domain, int type, int protocol);

        [DllImport("libc")]
        private static extern int connect(int socket, byte* address, int length);

        [DllImport("libc")]
        private static extern int setsockopt(int socket, int level, int name, int* value, int length);

        [DllImport("libc")]
        private static extern nint send(int socket, byte* bytes, nint length, int flags);

        [DllImport("libc")]
        private static extern nint write(int descriptor, byte* bytes, nint length);

        [DllImport("libc")]
        private static extern nint recv(int socket, byte* bytes, nint length, int flags);
    }
}
