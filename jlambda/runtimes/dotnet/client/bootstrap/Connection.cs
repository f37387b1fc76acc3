// One keep-alive HTTP connection to the Runtime API: as much of HTTP/1.1 as that needs, one write a request. HttpClient
// would take longer to load than all the rest.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Jlambda
{
    internal sealed class Connection
    {
        private readonly string address;
        private readonly int socket;
        private readonly byte[] buffer = new byte[8192];
        private int at;
        private int end;

        public Connection(string address)
        {
            this.address = address;
            var colon = address.LastIndexOf(':');
            socket = Native.Connect(address.Substring(0, colon), int.Parse(address.Substring(colon + 1)));
        }

        public Reply Get(string path)
        {
            Send(Latin1("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n"));
            return Receive();
        }

        public Reply Post(string path, ReadOnlySpan<byte> body, string errorType)
        {
            var head = "POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: " + body.Length + "\r\n";
            if (errorType != null)
            {
                head += "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n";
            }
            var first = Latin1(head + "\r\n");
            if (body.Length > buffer.Length)
            {
                Send(first);
                Send(body);
            }
            else
            {
                var whole = new byte[first.Length + body.Length];
                first.CopyTo(whole, 0);
                body.CopyTo(whole.AsSpan(first.Length));
                Send(whole);
            }
            return Receive();
        }

        /// <summary>One byte a character; Encoding.Latin1 is not compiled ahead.</summary>
        private static byte[] Latin1(string text)
        {
            var bytes = new byte[text.Length];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)text[i];
            }
            return bytes;
        }

        private void Send(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                bytes = bytes.Slice(Native.Send(socket, bytes));
            }
        }

        private Reply Receive()
        {
            var reply = new Reply { Status = int.Parse(Line().Substring(9, 3)) };
            for (var line = Line(); line.Length > 0; line = Line())
            {
                var colon = line.IndexOf(':');
                reply.Headers[line.Substring(0, colon)] = line.Substring(colon + 1).Trim();
            }
            if (reply.Headers.TryGetValue("Content-Length", out var length))
            {
                reply.Body = Bytes(int.Parse(length));
            }
            else if (reply.Headers.TryGetValue("Transfer-Encoding", out var encoding) && encoding == "chunked")
            {
                reply.Body = Chunks();
            }
            return reply;
        }

        private byte[] Chunks()
        {
            var whole = new MemoryStream();
            for (var size = ChunkSize(); size > 0; size = ChunkSize())
            {
                whole.Write(Bytes(size));
                Line();
            }
            while (Line().Length > 0)
            {
                // a trailer
            }
            return whole.ToArray();
        }

        private int ChunkSize() => Convert.ToInt32(Line().Split(';')[0].Trim(), 16);

        private byte[] Bytes(int count)
        {
            var found = new byte[count];
            var have = Math.Min(count, end - at);
            Array.Copy(buffer, at, found, 0, have);
            at += have;
            while (have < count)
            {
                have += Received(found.AsSpan(have));
            }
            return found;
        }

        private string Line()
        {
            var line = new StringBuilder();
            while (true)
            {
                if (at == end)
                {
                    at = 0;
                    end = Received(buffer);
                }
                var next = (char)buffer[at++];
                if (next == '\n')
                {
                    return line.ToString();
                }
                if (next != '\r')
                {
                    line.Append(next);
                }
            }
        }

        private int Received(Span<byte> into)
        {
            var got = Native.Receive(socket, into);
            return got > 0 ? got : throw new EndOfStreamException("the Runtime API has closed the connection");
        }

        internal sealed class Reply
        {
            public int Status;
            public Dictionary<string, string> Headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            public byte[] Body = Array.Empty<byte>();

            public string Header(string name) => Headers.TryGetValue(name, out var value) ? value : null;
        }
    }
}
