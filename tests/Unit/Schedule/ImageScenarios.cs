using Mainstay.Schedule.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// Which images a host keeps, as text: <c>Scenarios/images/*.txt</c>. The commands, each a minute after the one before:
/// <code>
/// use SERVICE IMAGE ID [fetched]     a container is about to be made of it
/// idle [ID…]                         what may go, while containers are made of these
/// gone ID                            it was removed
/// </code>
/// Each tells what may be removed then.
/// </summary>
public sealed class ImageScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("images");

    [Theory]
    [MemberData(nameof(Files))]
    public void TheTraceIsAsWritten(string file)
    {
        IReadOnlyList<KnownImage> known = [];
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        ScenarioFile.Run(file, step =>
        {
            now += TimeSpan.FromMinutes(1);
            var inUse = new HashSet<string>(StringComparer.Ordinal);
            switch (step.Words)
            {
                case ["use", var service, var image, var id, .. var rest]:
                    known = ImageDecide.Use(known, new(service, image, id, now, rest is ["fetched"]));
                    break;
                case ["gone", var id]:
                    known = ImageDecide.Without(known, id);
                    break;
                default:
                    inUse.UnionWith(step.Words[1..]);
                    break;
            }

            var idle = ImageDecide.Idle(known, inUse);
            return idle.Count == 0 ? "nothing" : string.Join(' ', idle);
        });
    }
}
