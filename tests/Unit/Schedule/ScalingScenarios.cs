using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// When services get more instances and when fewer, as text: <c>Scenarios/scaling/*.txt</c>.
/// <code>
/// declare [min=N] [max=N]          with the scale on the next lines, as JSON; one instance runs, or none
/// measure KEY=VALUE…               what is measured from now on: cpu memory inflight rate p99 queue query rhythm, the sums of what is settled; '-' is not known
/// await yes|no                     a request waits for it
/// status REASON | incoming yes|no  how the service stands
/// cause TEXT…|-                    what lies downstream
/// hand N|auto                      somebody sets the number
/// restart                          who looks begins anew; the store stays
/// at TIME                          it is this time, as 2026-03-02T08:29:00
/// run DURATION                     looks every second, and prints what is told; what was wanted is settled after 5 s
/// why                              the figures of the last look
/// </code>
/// </summary>
public sealed class ScalingScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("scaling");

    [Theory]
    [MemberData(nameof(Files))]
    public void TheTraceIsAsWritten(string file) => ScenarioFile.Run(file, new Words().Run);

    sealed class Words
    {
        static readonly TimeSpan Starts = TimeSpan.FromSeconds(5);

        DateTimeOffset now = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
        Service service = new() { Name = "web", BaseFolder = "/", Spec = new() { Run = "web" } };
        Scaling? known;
        ScalingPast past = new(default);
        ScalingFigures figures = new();
        ScalingOutcome? last;
        string? cause;
        int settled;
        DateTimeOffset changedAt;

        public string Run(ScenarioStep step)
        {
            var words = step.Words;
            switch (words[0])
            {
                case "declare":
                    Declare(words[1..], step.Input);
                    return "";
                case "measure":
                    figures = words[1..].Aggregate(figures, Measure);
                    return "";
                case "await":
                    figures = figures with { IsAwaited = words[1] == "yes" };
                    return "";
                case "status":
                    service = service with { Status = service.Status with { Reason = words[1] } };
                    return "";
                case "incoming":
                    service = service with { Status = service.Status with { Incoming = words[1] == "yes" ? "new" : null } };
                    return "";
                case "cause":
                    cause = words[1] == "-" ? null : string.Join(' ', words[1..]);
                    return "";
                case "hand":
                    service = words[1] == "auto" ? service with { Scale = null, Auto = service.Scale } : service with { Scale = int.Parse(words[1], CultureInfo.InvariantCulture) };
                    return "";
                case "restart":
                    past = new(now);
                    return "";
                case "at":
                    now = new(DateTime.Parse(words[1], CultureInfo.InvariantCulture), TimeSpan.Zero);
                    past = new(now);
                    return "";
                case "run":
                    Durations.TryParse(words[1], out var span).ShouldBeTrue();
                    return Look(span);
                case "why":
                    return string.Join('\n', last!.Figures.Select(f => f.Text).Prepend($"{last.Reason}: {last.Message}"));
                default:
                    throw new InvalidOperationException($"unknown word {words[0]}");
            }
        }

        void Declare(string[] words, string json)
        {
            int Number(string key, int usual) => words.FirstOrDefault(w => w.StartsWith(key + "=", StringComparison.Ordinal)) is { } word ? int.Parse(word[(key.Length + 1)..], CultureInfo.InvariantCulture) : usual;
            var scale = Codec.Decode<ScaleSpec>(Encoding.UTF8.GetBytes(json));
            scale.Validate().ShouldBeEmpty();
            service = service with { Auto = null, Spec = service.Spec with { Scale = scale, Instances = new() { Min = Number("min", 1), Max = Number("max", 10) } } };
            (known, past, last, cause, figures, changedAt) = (null, new(now), null, null, new(), default);
            settled = service.Wanted();
        }

        static ScalingFigures Measure(ScalingFigures figures, string word)
        {
            var (key, text) = (word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..]);
            double? value = text == "-" ? null : double.Parse(text, CultureInfo.InvariantCulture);
            return key switch
            {
                "cpu" => figures with { Cpu = value },
                "memory" => figures with { Memory = value },
                "inflight" => figures with { InFlight = value },
                "rate" => figures with { Rate = value ?? 0 },
                "p99" => figures with { P99 = value },
                "queue" => figures with { Queue = value },
                "query" => figures with { Query = value },
                "rhythm" => figures with { Rhythm = value },
                _ => throw new InvalidOperationException($"unknown figure {key}"),
            };
        }

        string Look(TimeSpan span)
        {
            var trace = new StringBuilder();
            for (var end = now + span; now < end; now += TimeSpan.FromSeconds(1))
            {
                settled = now >= changedAt + Starts || service.Wanted() < settled ? service.Wanted() : settled;
                figures = figures with { Settled = settled, LastRequest = figures.InFlight > 0 || figures.IsAwaited ? now : figures.LastRequest };
                var view = new ScalingView { Service = service, Known = known, Past = past, Figures = figures, Downstream = cause };
                last = ScalingDecide.Next(view, now);
                past.Add(now, last.Wish, TimeSpan.FromHours(1));
                if (ScalingDecide.Record(view, last, now) is { } news)
                {
                    trace.AppendLine(CultureInfo.InvariantCulture, $"{now:HH:mm:ss} {news.Reason}: {news.Message}");
                    changedAt = last.Wanted != service.Wanted() ? now : changedAt;
                    service = service with { Auto = last.Reason == ScalingReasons.ByHand ? service.Auto : last.Wanted };
                    known = news;
                }
            }

            return trace.ToString();
        }
    }
}
