# frozen_string_literal: true

# What each of some Ruby files holds, as JSON on standard output: the place of its first syntax error, or every method
# that can be a handler, as a handler string names it.
#
# Runs at deploy; the files are parsed, never run.

require 'json'
require 'ripper'

# The line and the words of a syntax error; parsers of Ruby 3.4 and later draw the place below the first line.
def syntax_error(message)
  first, *rest = message.lines(chomp: true)
  line = first[/:(\d+): /, 1].to_i
  said = first[/: syntax error, (.*)/, 1]
  return [line, said] if said

  marked = rest.find { |text| text.start_with?('>') }
  arrow = rest.grep(/\^/).first.to_s
  [(marked.to_s[/\d+/] || line).to_i, arrow[/\^+~* (.*)/, 1] || first.sub(/\A.*?: /, '')]
end

def constant(node)
  case node
  in [:const_ref | :var_ref | :top_const_ref, [:@const, name, *]] then name
  in [:const_path_ref, parent, [:@const, name, *]] then "#{constant(parent)}::#{name}"
  else nil
  end
end

# Whether a call with `event:` and `context:` fits, and nothing more is asked for.
def takes_event?(parameters)
  parameters = parameters[1] if parameters[0] == :paren
  return false unless parameters in [:params, required, _, _, _, keywords, rest, _]
  return false if required

  names = (keywords || []).map { |(_, label, *), default| [label, default] }
  (rest || %w[event: context:].all? { |name| names.any? { |label, _| label == name } }) &&
    names.none? { |label, default| !default && !%w[event: context:].include?(label) }
end

# Names of methods that a handler string can reach, in a body's statements.
def handlers(statements, namespace = nil, on_class: false)
  statements.flat_map do |node|
    case node
    in [:def, [_, name, *], parameters, *] if !namespace || on_class
      takes_event?(parameters) ? [[namespace, name].compact.join('.')] : []
    in [:defs, [:var_ref, [:@kw, 'self', *]], _, [_, name, *], parameters, *] if namespace
      takes_event?(parameters) ? ["#{namespace}.#{name}"] : []
    in [:sclass, [:var_ref, [:@kw, 'self', *]], [:bodystmt, body, *]] if namespace
      handlers(body, namespace, on_class: true)
    in [:module | :class, name, *, [:bodystmt, body, *]]
      handlers(body, [namespace, constant(name)].compact.join('::'))
    else []
    end
  end
end

def about(file)
  source = File.binread(file).force_encoding(Encoding::UTF_8)
  RubyVM::InstructionSequence.compile(source, file, file)
  { handlers: handlers(Ripper.sexp(source, file)[1]) }
rescue SyntaxError => e
  line, message = syntax_error(e.message)
  { line: line, error: message }
end

puts JSON.generate(ARGV.map { |file| about(file) })
