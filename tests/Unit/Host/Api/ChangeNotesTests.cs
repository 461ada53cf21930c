using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

public sealed class ChangeNotesTests
{
    [Fact]
    public void OtherSoftwareIsAChangeAndWhatAJobRunsIsNone()
    {
        var time = new FakeTime();
        var notes = new ChangeNotes(time);
        var first = Ready("web-1", "web", "a");
        notes.Serves(first, time.GetUtcNow() - TimeSpan.FromHours(1));

        // Each task has a template of its own: its run and its number are in its environment.
        foreach (var task in new[] { Ready("load.1.0.1", "load", "b", isTask: true), Ready("load.2.0.1", "load", "c", isTask: true) })
        {
            notes.Note(task with { Status = new() }, task);
        }

        var changes = new List<SeenChange>();
        notes.TakeInto(changes).ShouldBeFalse();
        notes.Note(null, Ready("web-2", "web", "d"));
        notes.TakeInto(changes).ShouldBeTrue();
        changes.ShouldHaveSingleItem().What.ShouldBe("web-2 of version 1.0.0 began to serve with other software or settings");
    }

    static Instance Ready(string name, string service, string hash, bool isTask = false) => new()
    {
        Name = name, Service = service, Host = "h1", Status = new() { State = InstanceState.Ready },
        Template = new() { Hash = hash, Version = "1.0.0", Run = "./x", Folder = "/", Health = new(), Restart = new(), Once = isTask ? new() { Until = DateTimeOffset.MaxValue } : null },
    };
}
