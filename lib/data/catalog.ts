/** The well-known sets that `simclr data fetch` downloads: where each file lies, its size and hash, what opens it. */

export interface CatalogFile {
  url: string
  bytes: number
  /** As published in TensorFlow Datasets' url_checksums, which agree with the sets' own pages where those name one. */
  sha256: string
}

export interface CatalogSet {
  name: string
  about: string
  files: readonly CatalogFile[]
  /** Folder that the set has once unpacked, inside the one that was asked for. */
  folder: string
  /** Files are tar.gz archives to unpack; else they are kept as they are. */
  archive: boolean
  /** What `open` takes, `DIR` standing for the folder that was asked for. */
  opens: readonly string[]
}

const fashion = 'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion'

export const catalog: readonly CatalogSet[] = [
  {
    name: 'cifar10',
    about: '60,000 colour images of 32x32 pixels in 10 classes (Krizhevsky 2009)',
    files: [
      {
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
        bytes: 170_052_171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      },
    ],
    folder: 'cifar-10-batches-bin',
    archive: true,
    opens: ['cifar10:DIR', 'cifar10:DIR,split=test'],
  },
  {
    name: 'cifar100',
    about: '60,000 colour images of 32x32 pixels in 100 classes (Krizhevsky 2009)',
    files: [
      {
        url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
        bytes: 168_513_733,
        sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      },
    ],
    folder: 'cifar-100-binary',
    archive: true,
    opens: ['cifar100:DIR', 'cifar100:DIR,split=test'],
  },
  {
    name: 'stl10',
    about: '13,000 labelled and 100,000 unlabelled colour images of 96x96 pixels (Coates, Lee, Ng 2011)',
    files: [
      {
        url: 'http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz',
        bytes: 2_640_397_119,
        sha256: 'f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866',
      },
    ],
    folder: 'stl10_binary',
    archive: true,
    opens: ['stl10:DIR', 'stl10:DIR,split=train', 'stl10:DIR,split=test'],
  },
  {
    name: 'fashion-mnist',
    about: '70,000 grey images of 28x28 pixels in 10 classes (Xiao, Rasul, Vollgraf 2017)',
    files: [
      {
        url: `${fashion}/train-images-idx3-ubyte.gz`,
        bytes: 26_421_880,
        sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      },
      {
        url: `${fashion}/train-labels-idx1-ubyte.gz`,
        bytes: 29_515,
        sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      },
      {
        url: `${fashion}/t10k-images-idx3-ubyte.gz`,
        bytes: 4_422_102,
        sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      },
      {
        url: `${fashion}/t10k-labels-idx1-ubyte.gz`,
        bytes: 5_148,
        sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      },
    ],
    folder: 'fashion-mnist',
    archive: false,
    opens: [
      'idx:DIR/fashion-mnist/train-images-idx3-ubyte.gz,DIR/fashion-mnist/train-labels-idx1-ubyte.gz',
      'idx:DIR/fashion-mnist/t10k-images-idx3-ubyte.gz,DIR/fashion-mnist/t10k-labels-idx1-ubyte.gz',
    ],
  },
]
