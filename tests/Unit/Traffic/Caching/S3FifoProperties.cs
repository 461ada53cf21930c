using FsCheck;
using FsCheck.Fluent;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>Whatever comes, the room is never exceeded and the books are right.</summary>
public sealed class S3FifoProperties
{
    const int Room = 100;

    static readonly Gen<(int Act, int Key)[]> Acts =
        Gen.ArrayOf(from act in Gen.Choose(0, 255) from key in Gen.Choose(0, 255) select (act, key)).Resize(300);

    [Fact]
    public void The_room_holds_whatever_comes() =>
        Prop.ForAll(Acts.ToArbitrary(), Holds).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    static void Holds((int Act, int Key)[] acts)
    {
        var order = new S3Fifo(Room);
        var kept = new Dictionary<ulong, S3Node>();
        var evicted = new List<S3Node>();
        foreach (var (act, key) in acts)
        {
            var number = (ulong)(key % 40);
            evicted.Clear();
            switch (act % 4)
            {
                case 0 when kept.TryGetValue(number, out var node):
                    node.Touch();
                    break;
                case 1 when kept.Remove(number, out var gone):
                    order.Remove(gone);
                    gone.IsKept.ShouldBeFalse();
                    break;
                case 2 when kept.TryGetValue(number, out var old):
                    var follower = new Sized(number, 1 + key % 30);
                    order.Replace(old, follower, evicted).ShouldBeTrue();
                    old.IsKept.ShouldBeFalse();
                    kept[number] = follower;
                    break;
                default:
                    if (!kept.ContainsKey(number))
                    {
                        var fresh = new Sized(number, 1 + act % 120);
                        order.Add(fresh, evicted).ShouldBe(fresh.Bytes <= Room);
                        if (fresh.Bytes <= Room)
                        {
                            kept[number] = fresh;
                        }
                    }

                    break;
            }

            foreach (var one in evicted)
            {
                one.IsKept.ShouldBeFalse();
                kept.Remove(one.Key).ShouldBeTrue();
            }

            order.Bytes.ShouldBeLessThanOrEqualTo(Room);
            order.Bytes.ShouldBe(kept.Values.Sum(one => one.Bytes));
            order.Count.ShouldBe(kept.Count);
            kept.Values.ShouldAllBe(one => one.IsKept);
        }
    }

    [Fact]
    public void A_scan_pushes_nothing_out_that_is_in_use()
    {
        var order = new S3Fifo(1000);
        var evicted = new List<S3Node>();
        var used = Enumerable.Range(0, 500).Select(key => new Sized((ulong)key, 1)).ToArray();
        foreach (var one in used)
        {
            order.Add(one, evicted);
            one.Touch();
            one.Touch();
        }

        for (var key = 1000UL; key < 101_000; key++)
        {
            order.Add(new Sized(key, 1), evicted);
        }

        used.ShouldAllBe(one => one.IsKept);
        order.Evictions.ShouldBe(evicted.Count);
    }

    sealed class Sized(ulong key, long bytes) : S3Node(key, bytes);
}
