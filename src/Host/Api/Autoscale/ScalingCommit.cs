using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>What a decision about the number of instances writes, with its event and audit. Whatever else changed the service meanwhile fails the whole.</summary>
static class ScalingCommit
{
    public static Commit Of(KindRegistry kinds, Service service, Scaling news, ScalingOutcome outcome, DateTimeOffset now, EventNames names, long serial)
    {
        Operation Put(Resource resource) => new(kinds.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
        List<Operation> puts = [Put(news)];
        if (outcome.Wanted != service.Wanted())
        {
            puts.Add(Put(service with { Auto = outcome.Wanted }));
            puts.Add(Put(new AuditEntry
            {
                Name = $"{now.ToUnixTimeMilliseconds():D13}-scaling-{serial:D6}", At = now, Who = "mainstay (scaling)", From = "scaling", Verb = "scale", About = $"service/{service.Name}",
                Before = $$"""{"auto":{{service.Wanted()}}}""", After = $$"""{"auto":{{outcome.Wanted}}}""",
            }));
        }

        if (news.Decisions is [var newest, ..] && newest.At == now)
        {
            var severity = newest.Reason is ScalingReasons.HeldByCause or ScalingReasons.HeldByFailure or ScalingReasons.AtMost ? Severity.Warning : Severity.Info;
            puts.Add(Put(names.Make(now, $"service/{service.Name}", $"Scaling{newest.Reason}", newest.Message, severity)));
        }

        return new([new(kinds.Of<Scaling>().KeyOf(news.Name), news.Revision), new(kinds.Of<Service>().KeyOf(service.Name), service.Revision)], [.. puts]);
    }
}
