# frozen_string_literal: true

require 'stringio'

# What the handler string names: `file.method`, `file.Class.method` or `dir/file.Module::Class.method`.
#
# A method that belongs to no class is called on this object, so its class has AWS's name: error messages show it.
class LambdaHandler
  # the file to require, without its ending
  attr_reader :file

  def initialize(name)
    @file, *@class, @method = name.split('.')
    return if @method && @class.size <= 1

    raise ArgumentError, "Invalid handler #{name.split('.')}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD " \
                         'where FILENAME is the name of a Ruby file without .rb, CLASS a class or module and METHOD one of its ' \
                         'class methods'
  end

  # The bytes to answer with, and their type. A handler that cannot be found is its first invocation's error.
  def call(event, context)
    owner = @class.empty? ? self : Object.const_get(@class.first)
    # without a backtrace, or Ruby would quote this very line in the message
    raise NoMethodError, "undefined method `#{@method}' for #{owner}", [] unless owner.respond_to?(@method, true)

    answer = owner.__send__(@method, event: event, context: context)
    case answer
    when IO, StringIO then [answer.read, 'application/unknown']
    else [answer.to_json, 'application/json']
    end
  end
end
