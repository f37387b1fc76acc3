# frozen_string_literal: true

# the part of 'socket' that is in C: all that is needed, in a third of the time
require 'socket.so'

module JLambda
  # One event and what came with it; `[]` reads a header without its prefix.
  class Invocation
    def initialize(headers, body)
      @headers = headers
      @body = body
    end

    def id = self['aws-request-id']

    def [](name) = @headers["lambda-runtime-#{name}"]

    # The event; a body of another type than JSON is handed over as it is.
    def event
      return @body unless @headers['content-type'].to_s.start_with?('application/json')

      JSON.parse(@body.force_encoding(Encoding::UTF_8))
    end
  end

  # The Runtime API over one connection that is kept: `Net::HTTP` would take longer than most handlers.
  #
  # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
  class RuntimeApi
    # The other side is gone: there is nothing left to do.
    class Closed < StandardError; end

    ROOT = '/2018-06-01/runtime'

    def initialize(address)
      @address = address
      host, port = address.split(':')
      @socket = TCPSocket.new(host, Integer(port))
      @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      @socket.binmode
    rescue SystemCallError
      raise Closed
    end

    def next_invocation
      headers, body = request('GET', '/invocation/next')
      Invocation.new(headers, body)
    rescue SignalException
      exit 0 # a shutdown that an extension is told of
    end

    def respond(invocation, body, content_type)
      post("/invocation/#{invocation.id}/response", body, 'Content-Type' => content_type)
    end

    def fail(invocation, failure)
      post_failure("/invocation/#{invocation.id}/error", failure)
    end

    def fail_init(failure)
      post_failure('/init/error', failure)
    end

    private

    def post_failure(path, failure)
      headers = { 'Content-Type' => 'application/json', 'Lambda-Runtime-Function-Error-Type' => failure.header }
      post(path, JSON.generate(failure.document), headers)
    end

    def post(path, body, headers)
      request('POST', path, headers.merge('Content-Length' => body.bytesize), body)
    end

    def request(method, path, headers = {}, body = '')
      head = +"#{method} #{ROOT}#{path} HTTP/1.1\r\nHost: #{@address}\r\n"
      headers.each { |name, value| head << "#{name}: #{value}\r\n" }
      @socket.write(head << "\r\n", body)
      read_response
    rescue SystemCallError, IOError
      raise Closed
    end

    def read_response
      line
      headers = {}
      until (field = line).empty?
        name, value = field.split(':', 2)
        headers[name.downcase] = value.strip
      end
      [headers, headers['transfer-encoding'] == 'chunked' ? read_chunks : read_exactly(headers['content-length'].to_i)]
    end

    def read_chunks
      body = +''
      until (size = line.to_i(16)).zero?
        body << read_exactly(size)
        line
      end
      nil until line.empty?
      body
    end

    def read_exactly(size)
      data = @socket.read(size)
      raise Closed if data.nil? || data.bytesize < size

      data
    end

    # The next line without its end, as UTF-8: headers carry JSON.
    def line
      found = @socket.gets("\n") or raise Closed
      found.chomp!
      found.force_encoding(Encoding::UTF_8)
    end
  end
end
