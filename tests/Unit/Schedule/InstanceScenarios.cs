using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Decide;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// Whole lives of one instance on virtual time. Commands: <c>instance key=value…</c> · <c>runs</c> <c>healthy</c> <c>failing WHY</c> <c>exits [CODE]</c> <c>cannot WHY</c>
/// (what the driver sees) · <c>goal drain|stop</c> · <c>pass SPAN</c> (time passes, with every wake-up asked for) · <c>adopted</c> (the agent was restarted)
/// · <c>fenced</c> <c>held</c> <c>unconfirmed</c> (no server has answered for too long; this host is known to own what it has; no server has answered this run of the agent)
/// · <c>forgotten-status</c> (… and its kept status was older than the process).
/// </summary>
public sealed class InstanceScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("instance");

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryLifeGivesItsRecordedTrace(string file)
    {
        var life = new Life();
        ScenarioFile.Run(file, step => life.Do(step.Words));
    }

    sealed class Life
    {
        static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        readonly StringBuilder trace = new();
        DateTimeOffset now = Start;
        DateTimeOffset? until;
        Instance? instance;
        Proc? proc;
        int pid = 100;
        Ownership ownership;

        public string Do(string[] words)
        {
            trace.Clear();
            var rest = string.Join(' ', words.Skip(1));
            switch (words[0])
            {
                case "instance":
                    (instance, proc) = (Declared(words.Skip(1)), null);
                    break;
                case "runs":
                    proc = new() { Name = "web-1", Epoch = instance!.Status.Epoch, Phase = ProcPhase.Running, Pid = ++pid, Endpoint = "127.0.0.1:20001", StartedAt = now, WatchedAt = now };
                    break;
                case "healthy":
                    proc = proc! with { Health = HealthState.Healthy, HealthAt = now, Message = "" };
                    break;
                case "failing":
                    proc = proc! with { Health = proc.Health == HealthState.Unknown ? HealthState.Unknown : HealthState.Unhealthy, HealthAt = now, Message = rest };
                    break;
                case "exits":
                    proc = proc! with { Phase = ProcPhase.Ended, EndedAt = now, ExitCode = rest.Length > 0 ? int.Parse(rest, CultureInfo.InvariantCulture) : null };
                    break;
                case "cannot":
                    proc = new() { Name = "web-1", Epoch = instance!.Status.Epoch, Phase = ProcPhase.Failed, EndedAt = now, Message = rest };
                    break;
                case "goal":
                    instance = instance! with { Goal = Enum.Parse<InstanceGoal>(rest, ignoreCase: true) };
                    break;
                case "adopted":
                    proc = proc! with { WatchedAt = now, Health = instance!.Status.State == InstanceState.Ready ? HealthState.Healthy : HealthState.Unknown };
                    break;
                case "forgotten-status":
                    instance = instance! with { Status = new() { Epoch = instance.Status.Epoch - 1, State = InstanceState.Pending } };
                    break;
                case "fenced" or "held" or "unconfirmed":
                    ownership = words[0] switch { "fenced" => Ownership.Lost, "held" => Ownership.Held, _ => Ownership.Unconfirmed };
                    break;
                case "lost":
                    proc = null;
                    break;
                case "pass":
                    Pass(rest);
                    return trace.ToString();
                default:
                    throw new ArgumentException($"no command '{words[0]}'");
            }

            Settle();
            return trace.ToString();
        }

        void Pass(string span)
        {
            Durations.TryParse(span, out var by).ShouldBeTrue(span);
            var end = now + by;
            while (until is { } due && due <= end)
            {
                now = due;
                until = null;
                Settle();
            }

            now = end;
            Settle();
        }

        // As the loop does: until a pass changes nothing.
        void Settle()
        {
            for (var passes = 0; ; passes++)
            {
                passes.ShouldBeLessThan(10, "it does not settle");
                var plan = InstanceDecide.Next(new(instance!, proc, ownership), now);
                until = plan.Until;
                if (until <= now)
                {
                    throw new InvalidOperationException("it asks to be woken in the past");
                }

                var put = plan.Puts.Cast<Instance>().SingleOrDefault();
                Tell(put, plan.Acts);
                if (put is null)
                {
                    return;
                }

                instance = put;
            }
        }

        void Tell(Instance? put, IReadOnlyList<Act> acts)
        {
            if (put is null && acts.Count == 0)
            {
                return;
            }

            trace.Append(CultureInfo.InvariantCulture, $"{Durations.Format(now - Start)} ");
            trace.Append(put is null ? "-" : Words(put.Status));
            foreach (var act in acts)
            {
                trace.Append(act switch
                {
                    StartProcess start => $"; start e{start.Epoch}",
                    StopProcess stop => $"; stop e{stop.Epoch} grace {Durations.Format(stop.Grace)}",
                    _ => $"; {act}",
                });
            }

            trace.Append('\n');
        }

        string Words(InstanceStatus s)
        {
            var text = $"{s.State} {s.Reason} e{s.Epoch} restarts {s.Restarts} failures {s.Failures}";
            text += s.Pid != 0 ? $" pid {s.Pid}" : "";
            text += s.ExitCode is { } code ? $" exit {code}" : "";
            text += s.ReadyAt is { } ready ? $" ready at {Durations.Format(ready - Start)}" : "";
            text += s.RetryAt is { } retry ? $" retry at {Durations.Format(retry - Start)}" : "";
            return text + (s.Message.Length > 0 ? $" \"{s.Message}\"" : "");
        }

        Instance Declared(IEnumerable<string> words)
        {
            var given = words.Select(w => w.Split('=')).ToDictionary(w => w[0], w => w[1]);
            TimeSpan Span(string key, string usual) => Durations.TryParse(given.GetValueOrDefault(key, usual), out var span) ? span : throw new FormatException(key);
            return new Instance
            {
                Name = "web-1",
                Service = "web",
                Host = "local",
                Template = new()
                {
                    Run = "web",
                    Folder = "/web",
                    Grace = Span("grace", "10s"),
                    Moves = given.ContainsKey("moves") ? true : null,
                    Once = given.ContainsKey("once") ? new() { Until = now + Span("once", "") } : null,
                    Health = new() { Startup = Span("startup", "30s") },
                    Restart = new()
                    {
                        Backoff = Span("backoff", "500ms"),
                        MaxBackoff = Span("maxBackoff", "30s"),
                        Reset = Span("reset", "10s"),
                        CrashLoop = int.Parse(given.GetValueOrDefault("crashLoop", "5"), CultureInfo.InvariantCulture),
                    },
                },
            };
        }
    }
}
