using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Security;
using Mainstay.Schedule.Agent;

namespace Mainstay.Host.Api.Agents;

/// <summary>Runs commands beside instances. Who ran which program beside which instance is audited before it runs; its arguments are not, as they may be secret.</summary>
public sealed class ExecEndpoints(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, ExecDesk desk)
{
    const int MostArguments = 64;
    const int MostText = 32 << 10;
    static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(100);
    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/instances/{name}/exec", "Runs a command in an instance's container, or with the environment and in the folder of its process, and answers when it has ended.", ExecAsync) { Body = typeof(ExecBody), Answer = typeof(ExecAnswer) },
        new("POST", "/internal/v1/agents/{host}/execs/{id}", "How a command ended that the agent was asked for.", AnswerAsync) { Body = typeof(ExecAnswer), BodyBytes = 4L * ExecAsk.MostOutput },
    ];

    async Task<Answer?> ExecAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<ExecBody>(call);
        if (body is null)
        {
            return malformed;
        }

        ProblemPlace[] problems =
        [
            .. body.Command.Count is 0 or > MostArguments || body.Command[0].Length == 0 || body.Command.Sum(c => c.Length) > MostText || body.Command.Any(c => c.Contains('\0', StringComparison.Ordinal))
                ? [new ProblemPlace("command", $"it is empty, or more than {MostArguments} words or {MostText} characters", "give the program and its arguments")] : Array.Empty<ProblemPlace>(),
            .. Limits.Between("timeout", body.Timeout, LeastTime, ExecAsk.MostTime).Select(ProblemPlace.Of),
        ];
        if (problems.Length > 0)
        {
            return ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems);
        }

        var name = call.Path("name");
        await mirror.ReachAsync(store.Revision, call.Stop);
        if (mirror.Read(seen => seen.Get<Instance>(name)) is not { } instance)
        {
            return ProblemAnswer.NotFound("there is no such instance", "'mainstay get instances' lists them");
        }

        if (instance.Status.Pid == 0)
        {
            return ProblemAnswer.Conflict($"{name} does not run: {instance.Status.State} {instance.Status.Reason}", "wait until it does; see 'mainstay status'");
        }

        await AuditAsync(call, instance, body.Command, call.Stop);
        return Answer.Json(await desk.AskAsync(instance.Host, name, body.Command, body.Timeout, call.Stop));
    }

    async Task<Answer?> AnswerAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (answer, malformed) = await Body.ReadAsync<ExecAnswer>(call, strict: false);
        return answer is null ? malformed
            : desk.Answer(call.Path("host"), call.Path("id"), answer) ? Answer.Json(new { })
            : ProblemAnswer.NotFound("nobody waits for this any more", "nothing is left to do");
    }

    async Task AuditAsync(Call call, Instance instance, IReadOnlyList<string> command, CancellationToken stop)
    {
        var (now, who) = (time.GetUtcNow(), Identity.Of(call.Request));
        var program = new string([.. command[0].Where(c => !char.IsControl(c)).Take(200)]);
        var entry = new AuditEntry
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-exec-{Interlocked.Increment(ref serial).ToString("D6", CultureInfo.InvariantCulture)}", At = now, Who = who.Who, From = who.From, Verb = "exec",
            About = $"instance/{instance.Name}", After = command.Count == 1 ? program : $"{program} with {command.Count - 1} argument{(command.Count == 2 ? "" : "s")}",
        };
        await store.CommitAsync(new([], [new(kinds.Of<AuditEntry>().KeyOf(entry.Name), Codec.Encode(entry))]), stop);
    }
}

/// <summary>A command to run.</summary>
public sealed record ExecBody
{
    /// <summary>The program and its arguments; at most 64 words.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>After which it is ended. Default 30s; 100ms to 5m.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
