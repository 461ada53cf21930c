using System.Text;
using Mainstay.Host.Cli;
using Mainstay.Tests.Scenarios;

namespace Mainstay.Tests.Host.Cli;

/// <summary>
/// Plays command lines against a fake server. In its trace, <c>! </c> precedes standard error, <c>> </c> a request that writes, and the last line is the exit
/// code; ESC is shown as <c>^[</c>. The clock stands at 2026-01-01 12:00:00 UTC.
/// </summary>
sealed class CliStage : IDisposable
{
    readonly StringBuilder trace = new();
    readonly FakeTime clock = new(new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    readonly Dictionary<string, string> variables = new() { ["HOME"] = "/home/ada", ["USER"] = "ada", ["MAINSTAY_SERVER"] = "http://127.0.0.1:7070" };
    readonly FakeMachine machine = new();
    readonly FakeServer server;
    readonly string folder = Directory.CreateTempSubdirectory("mainstay-cli-").FullName;
    CancellationTokenSource ctrlC = new();
    bool terminal;

    public CliStage() => server = new(trace, () => ctrlC.Cancel(), () => clock.Advance(TimeSpan.FromHours(1)));

    /// <summary>An environment in which nothing can be reached: for what only looks at the tree of verbs.</summary>
    public static CliEnvironment BareEnvironment() => new()
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        Variables = new Dictionary<string, string>(),
        WorkingFolder = "/",
        Handler = () => throw new InvalidOperationException("no server"),
        Machine = new FakeMachine(),
    };

    public string Play(ScenarioStep step)
    {
        trace.Clear();
        switch (step.Words)
        {
            case ["serve", var method, var path, .. var rest]:
                server.Add($"{method} {path}", rest.ElementAtOrDefault(0) ?? "200", rest.ElementAtOrDefault(1) ?? "", step.Input);
                break;
            case ["forget"]:
                server.Clear();
                break;
            case ["server", "down"]:
                server.IsDown = true;
                break;
            case ["server", "up"]:
                server.IsDown = false;
                break;
            case ["terminal", var onOff]:
                terminal = onOff == "on";
                break;
            case ["variable", var name]:
                variables.Remove(name);
                break;
            case ["variable", var name, var value]:
                variables[name] = value;
                break;
            case ["file", var name]:
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
                File.WriteAllText(Path.Combine(folder, name), step.Input);
                break;
            case ["bytes", var name]:
                File.WriteAllBytes(Path.Combine(folder, name), Convert.FromHexString(step.Input));
                break;
            case ["machine", .. var facts]:
                Tell(facts, step.Input);
                break;
            case ["mainstay", ..]:
                Run(Split(step.Command)[1..]);
                break;
            default:
                throw new InvalidOperationException($"line {step.LineNumber}: '{step.Command}' is no step");
        }

        return trace.ToString().Replace(folder, "FOLDER", StringComparison.Ordinal).Replace("\e", "^[", StringComparison.Ordinal);
    }

    public void Dispose()
    {
        ctrlC.Dispose();
        server.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    void Tell(string[] facts, string input)
    {
        switch (facts)
        {
            case ["without", var program]:
                machine.Programs.Remove(program);
                break;
            case ["program", var program, var version]:
                machine.Programs[program] = version;
                break;
            case ["file", var path]:
                machine.Files[path.Replace("FOLDER", folder, StringComparison.Ordinal)] = input;
                break;
            case ["listener", var port, var pid, var program]:
                machine.Listeners[int.Parse(port)] = new(int.Parse(pid), program);
                break;
            case ["process", var pid, var ticks]:
                machine.Processes[int.Parse(pid)] = long.Parse(ticks);
                break;
            case ["roles" or "left", .. var pids]:
                machine.Roles = new([.. pids.Select(int.Parse)], facts[0] == "left");
                break;
            case ["disk", var megabytes, .. var error]:
                machine.Disk = new(error.Length > 0 ? string.Join(' ', error) : null, long.Parse(megabytes) << 20);
                break;
            case ["files", var limit]:
                machine.OpenFilesLimit = long.Parse(limit);
                break;
            default:
                throw new InvalidOperationException($"the machine knows no '{string.Join(' ', facts)}'");
        }
    }

    void Run(string[] args)
    {
        ctrlC.Dispose();
        ctrlC = new();
        var environment = new CliEnvironment
        {
            Out = new TracingWriter(trace, ""),
            Error = new TracingWriter(trace, "! "),
            OutIsTerminal = terminal,
            ErrorIsTerminal = terminal,
            Width = () => 100,
            Height = () => 12,
            Variables = variables,
            WorkingFolder = folder,
            Time = new ImpatientTime(clock),
            Handler = () => new Undisposed(server),
            Machine = machine,
            Up = (options, _) =>
            {
                trace.Append($"up {string.Join(' ', options.Manifest.Files.Select(f => f.Path))} in {options.Manifest.BaseFolder}, data {options.DataFolder}, listen {options.Listen ?? "default"}")
                    .Append($", detach {options.Detach}, dashboard {options.Dashboard}, open {options.Open}, timeout {options.Timeout}\n");
                return Task.FromResult(0);
            },
            Down = (options, _) =>
            {
                trace.Append($"down, data {options.DataFolder}, timeout {options.Timeout}\n");
                return Task.FromResult(0);
            },
            Child = (run, _, _) =>
            {
                trace.Append($"run {string.Join(' ', run.Command)} with {string.Join(' ', run.Environment.Select(e => $"{e.Key}={e.Value}"))}\n");
                return Task.FromResult(7);
            },
            Role = (role, rest, _) =>
            {
                trace.Append($"{role} [{string.Join(' ', rest)}]\n");
                return Task.FromResult(0);
            },
        };
        var code = CommandLine.RunAsync(args, environment, ctrlC.Token).WaitAsync(TimeSpan.FromSeconds(20)).GetAwaiter().GetResult();
        environment.Out.Flush();
        environment.Error.Flush();
        trace.Append("= exit ").Append(code).Append('\n');
    }

    // Words between quotes are one argument.
    static string[] Split(string command) =>
        [.. command.Split('"').SelectMany((part, i) => i % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>Each client disposes its transport; the server outlives them.</summary>
    sealed class Undisposed(FakeServer server) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            new HttpMessageInvoker(server, disposeHandler: false).SendAsync(request, cancellationToken);
    }

    /// <summary>Marks the beginning of each line.</summary>
    sealed class TracingWriter(StringBuilder trace, string mark) : StringWriter
    {
        bool begun;

        public override void Write(char value)
        {
            if (!begun)
            {
                trace.Append(mark);
                begun = true;
            }

            trace.Append(value);
            begun = value != '\n';
        }

        public override void Write(string? value)
        {
            foreach (var c in value ?? "")
            {
                Write(c);
            }
        }

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

        public override void WriteLine() => Write('\n');

        public override void WriteLine(string? value) => Write(value + "\n");

        public override Task WriteLineAsync(string? value)
        {
            WriteLine(value);
            return Task.CompletedTask;
        }
    }
}
