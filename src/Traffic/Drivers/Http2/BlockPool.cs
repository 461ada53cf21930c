using System.Buffers;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>Kestrel's buffers from pools that keep what they get.</summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    public const int BlockBytes = 4096;

    public static BlockPool Instance { get; } = new();

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        if (minBufferSize > BlockBytes) return Shared.Rent(minBufferSize);
        return LocalPool<Block>.Rent()?.Begin() ?? new Block();
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block : IMemoryOwner<byte>
    {
        private readonly byte[] bytes = new byte[BlockBytes];
        private int isReturned;

        public Memory<byte> Memory => bytes;

        public Block Begin()
        {
            isReturned = 0;
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isReturned, 1) == 0) LocalPool<Block>.Return(this);
        }
    }
}
