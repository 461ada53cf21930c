using System.Collections.Concurrent;
using Mainstay.Client.Ids;
using Shouldly;
using Xunit;
using static Mainstay.Client.Ids.IdGenerator;

namespace Mainstay.Tests.Client;

/// <summary>Ids within a lease: they grow, none comes twice, none lies outside.</summary>
public sealed class IdGeneratorTests
{
    readonly FakeTime time = new();

    [Fact]
    public void AMillisecondHasSoManyAndTheNextOneMore()
    {
        var ids = Under(new(5, 1, FromMs: 1000, UntilMs: 1002, NowMs: 1000));
        var made = new List<long>();
        for (var ms = 0; ms < 2; ms++, time.Advance(TimeSpan.FromMilliseconds(1)))
        {
            for (var count = 0; count < 1 << IdShape.SequenceBits; count++)
            {
                ids.TryNext(out var id).ShouldBe(Outcome.Made);
                made.Add(id);
            }

            ids.TryNext(out _).ShouldBe(Outcome.Later);
        }

        ids.TryNext(out _).ShouldBe(Outcome.NoLease, "its time is over");
        made.ShouldBeInOrder(SortDirection.Ascending);
        made.Distinct().Count().ShouldBe(made.Count);
        IdShape.Parts(made[^1]).ShouldBe((IdShape.Epoch.AddMilliseconds(1001), 5, (1 << IdShape.SequenceBits) - 1));
    }

    [Fact]
    public void ALongerLeaseDoesNotSetItsClockBackAndAnotherOneDoesNotSetItsIdsBack()
    {
        var ids = Under(new(1, 1, 1000, 2000, 1000));
        time.Advance(TimeSpan.FromMilliseconds(900));
        ids.TryNext(out var first);
        ids.Use(new(1, 1, 1000, 3000, NowMs: 1500), time.GetTimestamp());
        ids.NowMs.ShouldBe(1900);
        ids.TryNext(out var second).ShouldBe(Outcome.Made);
        second.ShouldBe(first + 1);

        ids.Use(new(7, 4, 1700, 4000, NowMs: 1700), time.GetTimestamp());
        ids.TryNext(out _).ShouldBe(Outcome.Later);
        time.Advance(TimeSpan.FromMilliseconds(201));
        ids.TryNext(out var third).ShouldBe(Outcome.Made);
        third.ShouldBeGreaterThan(second);
    }

    [Fact]
    public void TheWallClockPlaysNoPart()
    {
        var ids = Under(new(1, 1, 1000, 2000, 1000));
        ids.TryNext(out var before);
        time.ShiftWallClock(TimeSpan.FromHours(-1));
        ids.TryNext(out var after).ShouldBe(Outcome.Made);
        after.ShouldBe(before + 1);
    }

    [Fact]
    public void ManyThreadsNeverGetTheSame()
    {
        var ids = new IdGenerator();
        ids.Use(new(3, 1, 0, 3_600_000, 0), TimeProvider.System.GetTimestamp());
        var seen = new ConcurrentDictionary<long, bool>();
        Parallel.For(0, 8, _ =>
        {
            var last = -1L;
            for (var count = 0; count < 20_000;)
            {
                if (ids.TryNext(out var id) != Outcome.Made)
                {
                    continue;
                }

                count++;
                id.ShouldBeGreaterThan(last);
                last = id;
                seen.TryAdd(id, true).ShouldBeTrue();
            }
        });
        seen.Count.ShouldBe(160_000);
    }

    [Theory]
    [InlineData(0L, "0000000000000")]
    [InlineData(31L, "000000000000Z")]
    [InlineData(long.MaxValue, "7ZZZZZZZZZZZZ")]
    public void TextAndNumberAreTheSameId(long id, string text)
    {
        IdShape.Format(id).ShouldBe(text);
        IdShape.TryParse(text.ToLowerInvariant(), out var read).ShouldBeTrue();
        read.ShouldBe(id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("8000000000000")]
    [InlineData("ZZZZZZZZZZZZZ")]
    [InlineData("00000-0000000")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public void WhatIsNoIdIsRefused(string? text) => IdShape.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void TextSortsAsTimeDoes()
    {
        var random = new Random(7);
        long[] ids = [.. Enumerable.Range(0, 1000).Select(_ => random.NextInt64())];
        ids.OrderBy(IdShape.Format, StringComparer.Ordinal).ShouldBe(ids.Order());
    }

    IdGenerator Under(IdLease lease)
    {
        var ids = new IdGenerator(time);
        ids.Use(lease, time.GetTimestamp());
        return ids;
    }
}
