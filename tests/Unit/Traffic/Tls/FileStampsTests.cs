using Mainstay.Traffic.Drivers.Tls;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>When files are read anew.</summary>
public sealed class FileStampsTests : IDisposable
{
    readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Fact]
    public void Another_content_is_seen_by_its_time_at_once_and_the_same_content_never()
    {
        Write("one", minutes: 0);
        var stamps = new FileStamps(file);
        stamps.HaveChanged().ShouldBeTrue();
        stamps.HaveChanged().ShouldBeFalse();
        Write("two", minutes: 1);
        stamps.HaveChanged().ShouldBeTrue();
        Write("two", minutes: 2);
        stamps.HaveChanged().ShouldBeFalse();
        File.Delete(file);
        stamps.HaveChanged().ShouldBeTrue();
        stamps.HaveChanged().ShouldBeFalse();
    }

    [Fact]
    public void Another_content_with_the_same_time_and_size_is_seen_after_some_looks()
    {
        Write("one", minutes: 0);
        var stamps = new FileStamps(file);
        stamps.HaveChanged().ShouldBeTrue();
        Write("two", minutes: 0);
        Enumerable.Range(0, 10).Count(_ => stamps.HaveChanged()).ShouldBe(1);
    }

    [Fact]
    public void Without_files_there_is_a_first_look_alone()
    {
        var stamps = new FileStamps();
        stamps.HaveChanged().ShouldBeTrue();
        Enumerable.Range(0, 20).ShouldAllBe(_ => !stamps.HaveChanged());
    }

    void Write(string text, int minutes)
    {
        File.WriteAllText(file, text);
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, minutes, 0, DateTimeKind.Utc));
    }
}
