// The global wx as the newest typings of mini games declare it. This is compiled, and not run.
import { MidasClient, wxPlatform } from '../../dist/types/index';

export const client = new MidasClient({ url: 'wss://game.example.com', platform: wxPlatform(wx) });
